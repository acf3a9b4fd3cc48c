# refused: 2 an array of shape (2305843009213693952,) and dtype float64 has more than 2^63 bytes
import dask.array as da

print(da.ones((2**61,), chunks=2**30).sum().compute())
