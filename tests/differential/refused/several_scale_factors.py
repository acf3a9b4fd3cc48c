# refused: 3 its attribute scale_factor is not one number
import sys

import xarray as xr

ds = xr.open_dataset(sys.argv[1] + "/odd/several_scales.nc")
print(ds.ok.values.tolist())
print(ds.odd.values.tolist())
