# needs: climate/eraint_uvz.nc
import sys

import numpy as np
import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/eraint_uvz.nc")
print(ds.u.dtype, ds.u.dims)
xr.Dataset({"speed": np.hypot(ds.u, ds.v).max("level"), "z": ds.z.mean("longitude")}).to_netcdf(output + "/wind.nc")
