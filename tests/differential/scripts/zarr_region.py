import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")[["t2m", "u10"]].isel(time=slice(0, 100))
store = output + "/patched.zarr"
ds.to_zarr(store, mode="w", encoding={"t2m": {"chunks": (30, 4, 5)}, "u10": {"chunks": (25, 6, 8)}})
patch = (ds.isel(time=slice(20, 65), lat=slice(1, 5)) * 2).drop_vars(["lon", "lat", "time"])
patch.to_zarr(store, region={"time": slice(20, 65), "lat": slice(1, 5)})
one = (ds[["u10"]].isel(time=slice(99, 100)) - 7).drop_vars(["lon", "lat", "time"])
one.to_zarr(store, mode="r+", region={"time": slice(99, None)})
