import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc").isel(time=slice(0, 20))
part = ds.tas.isel(lat=slice(1, None))


def plus(a, b):
    return a + b


for function in (np.add, plus):
    try:
        print(xr.apply_ufunc(function, ds.tas, part).shape)
    except ValueError:
        print("ValueError")
    for join in ("inner", "left", "outer"):
        result = xr.apply_ufunc(function, ds.tas, part, join=join)
        print(join, result.dims, result.shape, int(result.isnull().sum()), result.name, result.attrs)
xr.apply_ufunc(np.add, ds[["tas"]], part, join="inner", keep_attrs="override").to_netcdf(output + "/added.nc")
