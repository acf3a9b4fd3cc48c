import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.sel(time="2000").to_netcdf(output + "/year.nc")
ds.tas.sel(time="2000-07").to_netcdf(output + "/month.nc")
ds.tas.sel(time=slice("2000-02-27", "2001-01")).mean("time").to_netcdf(output + "/range.nc")
ds.tas.sel(time="2001-05-06").to_netcdf(output + "/day.nc")
