# Onto the first 150 steps, which the store has before the job begins.
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25}).isel(time=slice(150, 300))
(ds * 1.5 - ds.mean("time")).to_zarr("out/grown.zarr", append_dim="time")
ds.std(["latitude", "longitude"]).to_netcdf("out/std.nc")
