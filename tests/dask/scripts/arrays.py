# Arrays and datasets as arguments and results of calls.
import numpy as np
import xarray as xr
from dask import delayed
from dask.distributed import Client

client = Client()
da = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("y", "x"), coords={"y": [10, 20, 30]}, name="t", attrs={"units": "K"})


def anomaly(t):
    return t - t.mean("x")


def summary(values, power):
    return {"sum": float((values ** power).sum()), "shape": values.shape}


def column(t, x):
    return t.isel(x=x).values


result = delayed(anomaly)(da).compute()
print(result.sel(y=20).values, result.dims, result.name)
print(delayed(summary)(da.values, 2).compute())
print(client.gather(client.map(lambda x: column(da, x), range(2))))
ds = xr.Dataset({"a": da, "b": da.mean("y")})
print(client.submit(lambda d: d.sum(), ds).result()["a"].values)
print(client.submit(lambda t: t.attrs["units"], da).result())
parts = [delayed(np.full)((2, 2), i * 1.5) for i in range(3)]
print(delayed(np.sum)(delayed(np.array)([p.sum() for p in parts])).compute())
