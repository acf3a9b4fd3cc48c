# needs: climate/E1_north_america.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/E1_north_america.nc")
ds.isel(time=slice(0, 10)).to_netcdf(output + "/part.nc")
