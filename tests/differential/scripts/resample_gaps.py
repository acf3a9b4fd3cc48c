import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
gappy = xr.concat([ds.tas.sel(time="2000-01"), ds.tas.sel(time="2000-04")], dim="time")
gappy.resample(time="MS").mean().to_netcdf(output + "/months.nc")
gappy.resample(time="MS").sum().to_netcdf(output + "/sums.nc")
