# refused: 2 a new axis (None) in an index
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
print(ds.tas[:, None].dims, ds.tas[np.newaxis].dims)
