import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.transpose("lon", "time", "lat").to_netcdf(output + "/transposed.nc")
ds.pr.transpose("lat", ...).isel(time=slice(0, 30)).to_netcdf(output + "/ellipsis.nc")
ds.rename({"tas": "air", "lat": "latitude"}).to_netcdf(output + "/renamed.nc")
ds.drop_vars(["pr", "height"]).to_netcdf(output + "/dropped.nc")
ds.tas.rename("temperature").mean("lon").to_netcdf(output + "/one.nc")
