# refused: 2 cannot write variable 't2m': half floats ('float16') are read, as float32, and not written; use 'float32' in its encoding
import sys

import xarray as xr

ds = xr.open_dataset(sys.argv[1] + "/sixhourly.nc")
ds.to_netcdf(sys.argv[2] + "/out.nc", encoding={"t2m": {"dtype": "float16"}})
