import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
a = xr.open_dataset(inputs + "/daily.nc", chunks={"time": 37, "lat": 2})
b = xr.open_dataset(inputs + "/daily.nc", chunks="auto")
c = xr.open_dataset(inputs + "/daily.nc")
for name, ds in zip(["dict", "auto", "absent"], [a, b, c]):
    ds[["tas", "orog"]].mean("time").to_netcdf(f"{output}/{name}.nc")
