import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_mfdataset(inputs + "/part_*.nc").chunk({"time": 64})
ds.to_zarr(output + "/all.zarr", mode="w")
