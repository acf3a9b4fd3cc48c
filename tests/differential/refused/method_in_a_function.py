# refused: 2 'DataArray' object has no attribute 'data_vars'
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
def report(x):
    y = x.mean("time")
    return list(y.data_vars)
print(report(ds.tas))
