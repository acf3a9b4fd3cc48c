# Many outputs of every format, in one pass over the input.
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25})
for i in range(4):
    part = ds.isel(latitude=slice(20 * i, 20 * (i + 1)))
    (part + i).to_netcdf(f"out/packed{i}.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
    (part - i).to_netcdf(f"out/plain{i}.nc")
    part.mean("time").to_netcdf(f"out/classic{i}.nc", format="NETCDF3_64BIT")
    part.max("longitude").to_zarr(f"out/store{i}.zarr", mode="w")
ds.min("time").to_zarr("out/third.zarr", mode="w", zarr_format=3)
