# refused: 2 'Dataset' object has no attribute 'nope'
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.nope.mean("time").to_netcdf(output + "/mean.nc")
