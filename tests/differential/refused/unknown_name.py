# refused: 2 dss
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
dss.tas.mean("time").to_netcdf(output + "/mean.nc")
