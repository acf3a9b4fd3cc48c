import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/calendar_hours.nc")
print(ds.time.dt.hour.values[0], ds.time.dt.day.values[0])
ds.isel(time=slice(0, 48)).to_netcdf(output + "/part.nc")
