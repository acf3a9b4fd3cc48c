# refused: 2 write into a copy: v = x.values.copy()
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.mean("time").to_netcdf(output + "/mean.nc")
values = ds.tas.values
values[0, 0, 0] = 5
