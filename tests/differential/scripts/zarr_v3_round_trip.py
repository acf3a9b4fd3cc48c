import os
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
# xarray 2023.01 knows no v3 itself: there the same steps go through v2.
v3 = xr.__version__ == "2023.1.0"
ds = xr.open_dataset(inputs + "/sixhourly.nc").isel(time=slice(0, 100))
store = output + "_v3_" + str(v3) + ".zarr"
if v3:
    encoding = {"t2m": {"chunks": (10, 3, 4), "shards": (30, 6, 8)}, "u10": {"chunks": (40, 6, 8), "compressor": None}}
    ds.isel(time=slice(0, 70)).to_zarr(store, mode="w", encoding=encoding, zarr_format=3)
else:
    ds.isel(time=slice(0, 70)).to_zarr(store, mode="w")
ds.isel(time=slice(70, 100)).to_zarr(store, append_dim="time")
patch = (ds[["t2m"]].isel(time=slice(33, 41), lon=slice(3, 5)) + 100).drop_vars(["time", "lat", "lon"])
patch.to_zarr(store, region={"time": slice(33, 41), "lon": slice(3, 5)})
again = xr.open_zarr(store)
again.to_netcdf(output + "/again.nc")
again.mean("time").to_netcdf(output + "/mean.nc")
