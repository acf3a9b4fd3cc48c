# needs: climate/nrcan.nc
# What people print first.
import sys

import xarray as xr

ds = xr.open_dataset(sys.argv[3] + "/climate/nrcan.nc")
print(ds)
print(ds.data_vars)
print(ds.coords)
print(list(ds.data_vars), "tg_mean" in ds, "foo" in ds, ds.attrs.get("no", "nothing"))
for name in ds.data_vars:
    print(name, ds[name].attrs.get("units"), ds[name].dims, ds[name].dtype)
for name, da in ds.data_vars.items():
    print(f"{name:>45s} {da.ndim} {da.size:,d}")
print(ds.sizes["lat"], ds.dims["lon"], len(ds.lat), ds.tg_mean.shape)
print(ds.tg_mean.isel(lat=0, lon=0).values, ds.lat.values[:5], ds.lon[0].item())
print(ds.time.values[:3], str(ds.time[0].values)[:10], ds.time.dt.calendar)
print(ds.time.dt.strftime("%b %Y, day %j, %A").values[[0, 4, -1]])
