import sys

import xarray as xr

source, target = sys.argv[1:3]
ds = xr.open_zarr(source) if source.endswith(".zarr") else xr.open_mfdataset(source, chunks={"time": 8})
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
if target.endswith(".zarr"):
    anomaly.to_dataset(name="t2m").to_zarr(target, mode="w")
else:
    packed = {"t2m": {"zlib": True, "complevel": 1}} if "packed" in target else {}
    anomaly.to_netcdf(target, encoding=packed)
print(f"{float(anomaly.max()):.17g}")
