# refused: 3 with engine='scipy', which reads NetCDF-3 files: the format is NetCDF-4
import sys

import xarray as xr

print(xr.open_dataset(sys.argv[1] + "/daily.nc", engine="scipy"))
