import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 8}).isel(latitude=slice(0, 60))
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
anomaly.to_netcdf("out/plain.nc")
anomaly.to_netcdf("out/packed.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
mixed = xr.Dataset({"one": anomaly, "two": anomaly * 2})
mixed.to_netcdf("out/mixed.nc", encoding={"one": {"zlib": True, "complevel": 1}})
mixed.to_zarr("out/both.zarr", mode="w")
print(f"{float(anomaly.std()):.17g} {float(anomaly.max()):.17g}")
