# Delayed results flow into arrays: blocks from calls, put together, reduced, named.
import dask
import dask.array as da
import numpy as np
import xarray as xr
from dask import delayed


@delayed
def block(i, rows, columns):
    return np.arange(rows * columns).reshape(rows, columns) * 1.0 + 100 * i


@delayed
def scaled(values, factor):
    return values * factor


parts = [da.from_delayed(block(i, 3, 4), shape=(3, 4), dtype=float) for i in range(5)]
print(parts[0].shape, parts[0].dtype, parts[0].ndim, parts[0].size)
stacked = da.stack(parts, axis=0)
print(stacked.shape, stacked.mean(axis=0).compute(), stacked.sum().compute())
joined = da.concatenate(parts, axis=0)
print(joined.shape, joined[4].compute(), joined[2:5, 1].compute(), joined.T.shape, len(joined))
print((joined - joined.mean(axis=0)).std(axis=0).compute(), (joined[:2] * 2 + 1).compute(), (-joined[0]).compute())
print((joined > 250).any(axis=1).compute(), np.sqrt(joined[0]).compute(), (joined[:, :1] + joined[0]).sum().compute())
print(joined.astype("float32").dtype, joined.max(axis=1).compute(), joined.min().compute())
lazy = xr.DataArray(joined, dims=("time", "x"), coords={"x": [10, 20, 30, 40]}, name="v")
print(lazy.sel(x=20).mean().values, lazy.sum("time").values, (lazy - lazy.mean("time")).isel(time=0).values)
twice = da.from_delayed(scaled(block(1, 2, 2), delayed(lambda a, b: a + b)(1, 1)), (2, 2), dtype="float64")
print(twice.compute(), dask.compute(twice, twice.sum(), delayed(len)([1, 2])))
kept = dask.persist(block(7, 2, 3))[0]
print(da.from_delayed(scaled(kept, 2), (2, 3), dtype=float).compute())
print(da.from_array(np.ones((3, 3)), chunks=2).sum(axis=0).compute())
series = [da.from_delayed(delayed(np.full)((6,), i), (6,), dtype=int) for i in range(3)]
print(da.stack(series, axis=1).compute(), da.concatenate(series).sum().compute())
