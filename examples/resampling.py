# Daily means, monthly maxima of them, and the number of summer days (above 25 degrees Celsius) of each year.
#     rankine run resampling.py [INPUT [OUTPUT [VARIABLE]]]
import sys

import xarray as xr

source = "era5_like.nc"
target = "resampling.nc"
variable = "t2m"
if len(sys.argv) > 1:
    source = sys.argv[1]
if len(sys.argv) > 2:
    target = sys.argv[2]
if len(sys.argv) > 3:
    variable = sys.argv[3]

ds = xr.open_dataset(source, chunks={"time": 64})
daily = ds[variable].resample(time="D").mean()
celsius = daily - 273.15
celsius.attrs["units"] = "degC"

hottest = celsius.resample(time="MS").max()
summer_days = (celsius > 25.0).groupby("time.year").sum("time")

xr.Dataset({"hottest_day": hottest}).to_netcdf(target)
xr.Dataset({"summer_days": summer_days}).to_netcdf(f"{target}.summer_days.nc")
