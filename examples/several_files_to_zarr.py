# Several files of one series into one Zarr store, with the chunks in which they are stored.
#     rankine run several_files_to_zarr.py [PATTERN [OUTPUT]]
import sys

import xarray as xr

pattern = "era5_like_*.nc"
target = "era5_like.zarr"
if len(sys.argv) > 1:
    pattern = sys.argv[1]
if len(sys.argv) > 2:
    target = sys.argv[2]

ds = xr.open_mfdataset(pattern, combine="by_coords").chunk({"time": 64})
print(f"{ds.sizes['time']} time steps of {ds.t2m.dims}")
ds.to_zarr(target, mode="w")
