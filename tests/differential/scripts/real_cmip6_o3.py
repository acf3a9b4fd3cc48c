# needs: climate/cmip6_o3.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/cmip6_o3.nc")
ds.o3.mean(["time", "lon"]).to_netcdf(output + "/zonal.nc")
ds.isel(time=0).to_netcdf(output + "/first.nc")
