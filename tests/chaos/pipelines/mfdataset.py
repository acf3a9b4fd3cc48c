import xarray as xr

ds = xr.open_mfdataset("parts/part_*.nc", combine="nested", concat_dim="time")
weekly = ds.t2m.resample(time="7D").mean()
weekly.to_netcdf("out/weekly.nc", encoding={"t2m": {"zlib": True, "complevel": 4}})
(ds.t2m - ds.t2m.mean("time")).to_zarr("out/anomaly.zarr", mode="w")
