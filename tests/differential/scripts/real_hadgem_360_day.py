# needs: climate/hadgem2_360day_tasmax.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/hadgem2_360day_tasmax.nc")
ds.tasmax.groupby("time.month").mean("time").to_netcdf(output + "/months.nc")
ds.tasmax.isel(time=slice(0, 5)).to_netcdf(output + "/part.nc")
