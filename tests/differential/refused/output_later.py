# refused: 2 compute=False is not supported
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.to_netcdf(output + "/later.nc", compute=False)
