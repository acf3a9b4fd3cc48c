import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_zarr(inputs + "/zarr_blosc.zarr")
ds.to_zarr(output + "/copy.zarr", mode="w")
ds.isel(lat=slice(0, 3)).mean(["time"]).to_zarr(output + "/mean.zarr", mode="w")
