# refused: 3 Failed to decode variable 'when'
import sys

import xarray as xr

ds = xr.open_dataset(sys.argv[1] + "/odd/several_scales.nc")
print(ds.ok.values.tolist())
print(ds.when.values.tolist())
