# Mean, smallest and largest value of every calendar month.
#     rankine run monthly_climatology.py [INPUT [OUTPUT [VARIABLE]]]
import sys

import xarray as xr

source = "era5_like.nc"
target = "monthly_climatology.nc"
variable = "t2m"
if len(sys.argv) > 1:
    source = sys.argv[1]
if len(sys.argv) > 2:
    target = sys.argv[2]
if len(sys.argv) > 3:
    variable = sys.argv[3]

with xr.open_dataset(source, chunks={"time": 64}) as ds:
    months = ds[variable].groupby("time.month")
    result = xr.Dataset(
        {
            variable + "_mean": months.mean("time"),
            variable + "_min": months.min("time"),
            variable + "_max": months.max("time"),
        }
    )
    result.to_netcdf(target)
