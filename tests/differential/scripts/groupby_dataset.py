import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds[["tas", "pr"]].groupby("time.season").mean("time").to_netcdf(output + "/seasons.nc")
ds.groupby("time.year").max("time").to_netcdf(output + "/years.nc")
