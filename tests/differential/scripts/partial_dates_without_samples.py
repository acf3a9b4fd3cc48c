import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
dates = ["2000-01-20", "2000-01-20T06", "2000-02", "2000-02-15", "2000", "2000-01", "1999-12", "1999", "2000-06"]


def show(name, v):
    for date in dates:
        try:
            print(name, date, v.sel(time=date).values.tolist())
        except KeyError:
            print(name, date, "not there")
        print(name, date, "slice", v.sel(time=slice(date, date)).values.tolist())


hours = np.array([0, 732, 1464])
start = np.datetime64("2000-01-01")
show("half days", xr.DataArray([0.0, 1.0, 2.0], dims="time", coords={"time": start + hours * np.timedelta64(1, "h")}))
show("days", xr.DataArray([0.0, 1.0, 2.0], dims="time", coords={"time": start + hours // 24 * np.timedelta64(1, "D")}))
falling = xr.DataArray([0.0, 1.0, 2.0], dims="time", coords={"time": start + hours[::-1] * np.timedelta64(1, "h")})
for date in ["2000-01-20", "2000-02", "2000-01"]:
    print("falling", date, falling.sel(time=date).values.tolist())
for calendar in ["noleap", "360_day", "julian"]:
    counts = xr.DataArray([0.0, 30.5, 61.0], dims="time", attrs={"units": "days since 2000-01-01", "calendar": calendar})
    xr.Dataset({"v": ("time", [0.0, 1.0, 2.0]), "time": counts}).to_netcdf(output + "/" + calendar + ".nc")
    show(calendar, xr.open_dataset(output + "/" + calendar + ".nc").v)
