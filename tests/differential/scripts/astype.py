import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
pr = ds.pr.isel(time=slice(0, 50))
xr.Dataset(
    {
        "single": pr.astype("float32"), "whole": pr.astype("int32"), "long": pr.astype(int), "short": pr.astype("int16"),
        "flag": (pr > 1).astype("int8"), "double": ds.tas.isel(time=3).astype(float), "byte": pr.astype("uint8"),
    }
).to_netcdf(output + "/astype.nc")
