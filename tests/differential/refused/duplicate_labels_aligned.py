# refused: 2
import sys

import numpy as np
import xarray as xr

output = sys.argv[2]
a = xr.DataArray(np.arange(3.0), dims="x", coords={"x": [1, 2, 2]}, name="a")
b = xr.DataArray(np.arange(3.0), dims="x", coords={"x": [1, 2, 3]}, name="a")
(a + b).to_netcdf(output + "/sum.nc")
