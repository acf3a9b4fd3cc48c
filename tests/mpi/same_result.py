import sys

import xarray as xr

source, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(source, chunks={"time": 50})
months = ds.t2m.groupby("time.month")
climatology = months.mean("time")
ds.t2m.mean(["time", "longitude"]).to_netcdf(output + "/mean.nc")
climatology.to_netcdf(output + "/months.nc")
(months - climatology).std("time").to_netcdf(output + "/anomaly.nc")
print(f"{float(ds.t2m.mean()):.17g} {float(ds.t2m.std()):.17g}")
