# refused: 2 depth
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.mean("depth").to_netcdf(output + "/mean.nc")
