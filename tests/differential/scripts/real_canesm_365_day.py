# needs: climate/canesm2_365day_tasmax.nc
import sys

import xarray as xr

inputs, output, real = sys.argv[1], sys.argv[2], sys.argv[3]
ds = xr.open_dataset(real + "/climate/canesm2_365day_tasmax.nc")
ds.tasmax.resample(time="MS").mean().to_netcdf(output + "/months.nc")
ds.tasmax.groupby("time.season").max("time").to_netcdf(output + "/seasons.nc")
