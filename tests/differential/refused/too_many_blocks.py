# refused: 2 10000000000 blocks, and at most 134217728 can be worked on: ask for larger ones
import dask.array as da

print(da.random.random((10**5, 10**5), chunks=(1, 1)).sum().compute())
