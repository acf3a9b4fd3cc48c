import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
a = ds.tas.isel(time=slice(0, 100))
b = ds.tas.isel(time=slice(100, 250))
xr.concat([a, b], dim="time").to_netcdf(output + "/time.nc")
xr.concat([a.isel(lat=slice(3, 6)), a.isel(lat=slice(0, 3))], dim="lat").to_netcdf(output + "/lat.nc")
xr.merge([ds.tas.mean("time"), ds.pr.max("time"), ds.orog.rename("height_of_ground")]).to_netcdf(output + "/merged.nc")
xr.concat([a.mean("time"), b.mean("time")], dim="period").to_netcdf(output + "/new_dim.nc")
