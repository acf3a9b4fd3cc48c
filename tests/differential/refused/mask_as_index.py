# refused: 2 indexing 'time' with an array of 3 dims
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
warm = ds.tas[ds.tas > 280]
print(warm.sizes)
