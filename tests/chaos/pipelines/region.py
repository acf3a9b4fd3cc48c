# Into a store that is there, and as a second output a region of another.
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25}).drop_vars(["latitude", "longitude"])
middle = ds.isel(time=slice(75, 225))
(middle * 2).drop_vars("time").to_zarr("out/whole.zarr", region={"time": slice(75, 225)})
late = ds.isel(time=slice(225, 300)) - ds.mean("time")
late.drop_vars("time").to_zarr("out/other.zarr", region={"time": slice(225, 300)})
