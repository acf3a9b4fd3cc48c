# refused: 2 beyond tolerance=0.01
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.sel(lat=float(ds.lat[0]) + 0.1, method="nearest", tolerance=0.01).to_netcdf(output + "/point.nc")
