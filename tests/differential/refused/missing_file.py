# refused: 3 no_such_file.nc
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/no_such_file.nc")
ds.tas.mean("time").to_netcdf(output + "/mean.nc")
