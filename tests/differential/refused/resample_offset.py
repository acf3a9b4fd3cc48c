# refused: 2 '5X' is not a frequency
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.resample(time="5X").mean().to_netcdf(output + "/five.nc")
