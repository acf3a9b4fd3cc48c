import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
gaps = ds.tas.where(ds.tas > 280.0)
other = (ds.tas + 1).where(ds.tas < 285.0)
np.fmin(gaps, other).to_netcdf(output + "/fmin.nc")
np.fmax(gaps, other).to_netcdf(output + "/fmax.nc")
np.fmax(gaps, 290.0).to_netcdf(output + "/fmax_number.nc")
whole = xr.DataArray(np.array([3, -1, 7]), dims="x")
np.fmin(whole, 2).to_dataset(name="n").to_netcdf(output + "/integers.nc")
