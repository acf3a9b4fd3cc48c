# Anomalies of the monthly climatology, their standard deviation and the monthly climatology itself.
#     rankine run anomaly.py [INPUT [OUTPUT [VARIABLE]]]         or with xarray: python3 anomaly.py ...
import sys

import xarray as xr

source = "era5_like.nc"
target = "anomaly.nc"
variable = "t2m"
if len(sys.argv) > 1:
    source = sys.argv[1]
if len(sys.argv) > 2:
    target = sys.argv[2]
if len(sys.argv) > 3:
    variable = sys.argv[3]

ds = xr.open_dataset(source, chunks={"time": 64})
field = ds[variable]

by_month = field.groupby("time.month")
climatology = by_month.mean("time")
anomaly = by_month - climatology
monthly = anomaly.resample(time="MS").mean()

result = xr.Dataset(
    {
        "climatology": climatology,
        "monthly_anomaly": monthly,
        "anomaly_std": anomaly.std("time"),
    }
)
result.to_netcdf(target)
