# Values in between decide what comes next; what was just written is read again.
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 25})
mean = float(ds.t2m.mean())
print(f"{mean:.17g}")
(ds.t2m - mean).to_netcdf("out/first.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
north = ds.t2m.isel(latitude=slice(0, 45)).mean(["latitude", "longitude"]).values
warm = [i for i in range(len(north)) if north[i] > mean]
print(len(warm), f"{north.sum():.17g}")
again = xr.open_dataset("out/first.nc")
again.t2m.isel(time=warm[:20] + [299]).to_zarr("out/warm.zarr", mode="w")
print(f"{float(abs(again.t2m).max()):.17g}")
again.std("time").to_netcdf("out/std.nc")
