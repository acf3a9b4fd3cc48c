# What the pipelines find: files of 25 steps, and stores that are appended to and written into. In out/, which every run gets a copy of.
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25})
for i in range(12):
    ds.isel(time=slice(25 * i, 25 * (i + 1))).to_netcdf(f"parts/part_{i:02d}.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
(ds.isel(time=slice(0, 150)) * 1.5).to_zarr("stores/grown.zarr", mode="w")
(ds * 0).to_zarr("stores/whole.zarr", mode="w")
(ds * 0 - 1).to_zarr("stores/other.zarr", mode="w")
