# refused: 2 cannot write variable 't2m': half floats ('float16') are written to Zarr alone; use 'float32' in its encoding
import sys

import xarray as xr

ds = xr.open_dataset(sys.argv[1] + "/sixhourly.nc")
ds.to_netcdf(sys.argv[2] + "/out.nc", encoding={"t2m": {"dtype": "float16"}})
