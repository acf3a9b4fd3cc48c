import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/calendar_360_day.nc", decode_times=False)
ds.tas.isel(time=slice(0, 10)).to_netcdf(output + "/part.nc")
print(ds.time.attrs["calendar"], ds.time.dtype)
