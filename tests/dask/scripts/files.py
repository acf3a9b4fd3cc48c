# Calls read files, those that the script has just written too; what they give is written by the script.
import os

import numpy as np
import xarray as xr
from dask import delayed

folder = os.environ.get("SCRATCH")
paths = []
for i in range(3):
    path = os.path.join(folder, f"part_{i}.nc")
    t = xr.DataArray(np.arange(20.0).reshape(4, 5) * (i + 1), dims=("time", "x"), coords={"time": np.arange(4) + 4 * i}, name="t")
    t.to_dataset().to_netcdf(path)
    paths.append(path)


@delayed
def mean_of(path):
    with xr.open_dataset(path) as ds:
        return float(ds["t"].mean()), ds["t"].sel(time=ds["time"].values[1]).values


@delayed
def load(path):
    return xr.open_dataset(path).load()


for mean, row in delayed(list)([mean_of(path) for path in paths]).compute():
    print(mean, row)
parts = delayed([load(path) for path in paths]).compute()
whole = xr.concat(parts, dim="time")
print(dict(whole.sizes), whole["t"].sum("time").values)
whole.to_netcdf(os.path.join(folder, "whole.nc"))
print(mean_of(os.path.join(folder, "whole.nc")).compute()[0])
