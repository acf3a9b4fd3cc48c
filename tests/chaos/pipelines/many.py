import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 2, "latitude": 91, "longitude": 120})
daily = ds.t2m.resample(time="1D").mean()
(daily - daily.mean("time")).to_netcdf("out/daily.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
ds.t2m.var(["latitude", "longitude"]).to_zarr("out/var.zarr", mode="w")
print(f"{float(ds.t2m.mean()):.17g}")
