# tolerance: atol=6.2e-5
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
months = ds.tas.groupby("time.month")
climatology = months.mean("time")
anomaly = months - climatology
anomaly.to_netcdf(output + "/anomaly.nc")
(anomaly.groupby("time.month") / months.std("time")).mean("lon").to_netcdf(output + "/standardised.nc")
anomaly.std("time").to_netcdf(output + "/std.nc")
