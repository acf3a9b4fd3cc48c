# refused: 2 its calendar, noleap, does not have it
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/calendar_noleap.nc")
ds.tas.sel(time=slice("2000-01", "2000-02-29")).to_netcdf(output + "/part.nc")
