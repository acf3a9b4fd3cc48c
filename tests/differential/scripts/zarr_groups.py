import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")[["t2m"]].isel(time=slice(0, 60))
store = output + "/tree.zarr"
ds.mean("time").to_zarr(store, mode="w")
ds.to_zarr(store, group="raw/first", mode="w")
ds.isel(lat=0).to_zarr(store, group="raw/second", mode="w")
again = xr.open_zarr(store, group="raw/first")
again.max("time").to_netcdf(output + "/max.nc")
xr.open_dataset(store, engine="zarr", group="raw/second").min("time").to_netcdf(output + "/min.nc")
