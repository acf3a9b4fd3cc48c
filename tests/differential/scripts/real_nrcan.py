# needs: climate/nrcan.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/nrcan.nc")
ds.mean("time").to_netcdf(output + "/mean.nc")
