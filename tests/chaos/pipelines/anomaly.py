import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25})
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
anomaly.to_netcdf("out/packed.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
anomaly.std("time").to_netcdf("out/std.nc")
print(f"{float(anomaly.max()):.17g}")
