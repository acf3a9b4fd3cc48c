import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_mfdataset([inputs + "/part_2.nc", inputs + "/part_0.nc", inputs + "/part_1.nc"], combine="by_coords")
ds[["u10", "v10"]].resample(time="D").max().to_netcdf(output + "/daily_max.nc")
