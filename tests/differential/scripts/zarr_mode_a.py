import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc").isel(time=slice(0, 60))
store = output + "/added.zarr"
ds[["t2m"]].to_zarr(store, mode="a")
ds[["u10", "v10"]].to_zarr(store, mode="a")
(ds[["t2m"]] + 1).to_zarr(store, mode="a")
