import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc", chunks={"time": 100})
again = ds.tas.chunk({"time": 365, "lat": 2, "lon": -1})
(again * 2).to_netcdf(output + "/double.nc")
again.mean("lat").to_netcdf(output + "/mean.nc")
