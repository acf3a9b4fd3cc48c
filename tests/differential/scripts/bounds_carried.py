import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.isel(time=slice(10, 20), lat=slice(1, 3)).to_netcdf(output + "/part.nc")
ds.time_bnds.isel(time=slice(0, 5)).to_netcdf(output + "/bounds.nc")
