import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc", chunks={"time": 200})
pr = ds.pr
pr.mean("time").to_netcdf(output + "/mean.nc")
pr.max("time").to_netcdf(output + "/max.nc")
xr.Dataset({"std": (pr - pr.mean("time")).std("time")}).to_zarr(output + "/std.zarr", mode="w")
print(f"{float(pr.max()):.10f}")
pr.groupby("time.month").mean("time").to_netcdf(output + "/months.nc")
