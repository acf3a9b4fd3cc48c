import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25})
turned = ds.transpose("longitude", "latitude", "time").chunk({"longitude": 45, "latitude": 60, "time": 300})
(turned * 2).to_zarr("out/turned.zarr", mode="w")
turned.t2m.mean("time").to_netcdf("out/mean.nc")
