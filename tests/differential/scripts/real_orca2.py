# needs: climate/orca2_votemper.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/orca2_votemper.nc", decode_times=False)
ds.votemper.max().to_netcdf(output + "/max.nc")
