# needs: climate/total_column_co2.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/total_column_co2.nc")
ds.to_netcdf(output + "/copy.nc")
