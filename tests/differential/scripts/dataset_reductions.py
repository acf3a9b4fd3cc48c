import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds[["tas", "pr", "orog"]].mean("time").to_netcdf(output + "/mean.nc")
ds[["tas", "pr"]].max(["lat", "lon"]).to_netcdf(output + "/max.nc")
ds[["tas", "pr"]].mean("time", keep_attrs=True).to_netcdf(output + "/attrs.nc")
