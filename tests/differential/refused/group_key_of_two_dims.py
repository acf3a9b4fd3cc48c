# refused: 2 groupby needs a 1-d key
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
print(ds.tas.groupby(ds.tas.isel(time=0).round()).mean().sizes)
