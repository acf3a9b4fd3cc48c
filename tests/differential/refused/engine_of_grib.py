# refused: 2 engine='cfgrib' reads GRIB, which is not read here; convert the file first
import sys

import xarray as xr

print(xr.open_dataset(sys.argv[1] + "/daily.nc", engine="cfgrib"))
