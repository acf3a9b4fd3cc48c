import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")
hours = ds.t2m.groupby("time.hour").mean("time")
print(hours.hour.values)
hours.to_netcdf(output + "/hours.nc")
