# As Dask's examples of arrays have it: random arrays in chunks, NumPy's syntax, persist; figures that do not depend on the draw.
import dask.array as da
from dask.distributed import Client, wait

client = Client(processes=False, threads_per_worker=4, n_workers=1, memory_limit="2GB")

x = da.random.random((600, 600), chunks=(100, 100))
print(x.shape, x.dtype, x.chunksize)
y = x + x.T
z = y[::2, 300:].mean(axis=1)
print(z.shape, abs(z.compute().mean() - 1) < 0.01)
y = y.persist()
wait(y)
first = y[0, 0].compute()
print(bool(0 <= first <= 2), abs(float(y.sum().compute()) / 360000 - 1) < 0.01)
print(bool((y == y.T).all().compute()), y.persist().chunks == y.chunks)

n = da.random.normal(10, 0.1, size=(2000, 50), chunks=(500, 50))
means = n.mean(axis=0)[::10].compute()
print(means.shape, abs(means.mean() - 10) < 0.01, abs(n.std().compute() - 0.1) < 0.005)
i = da.random.randint(3, 7, size=(1000,), chunks=100)
print(i.min().compute(), i.max().compute(), i.dtype)
u = da.random.uniform(2, 4, size=(1000,), chunks=250)
print(bool((u >= 2).all().compute()), bool((u < 4).all().compute()))
