import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
level = ds.tas.isel(time=slice(0, 20)).expand_dims("level")
level = level.assign_coords(level=[850.0])
level.to_netcdf(output + "/level.nc")
level.squeeze("level").to_netcdf(output + "/squeezed.nc")
ds.tas.isel(time=[5]).squeeze().to_netcdf(output + "/one_time.nc")
east_west = ds.tas.isel(time=0).assign_coords(lon=ds.lon - 180)
east_west.to_netcdf(output + "/shifted.nc")
