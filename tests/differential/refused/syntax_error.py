# refused: 2
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc"
ds.tas.to_netcdf(output + "/copy.nc")
