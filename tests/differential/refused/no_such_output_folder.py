# refused: 4 no_such_folder
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.mean("time").to_netcdf(output + "/no_such_folder/mean.nc")
