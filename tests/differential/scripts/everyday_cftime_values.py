# needs: climate/canesm2_365day_tasmax.nc climate/hadgem2_360day_tasmax.nc
# Dates of other calendars as arrays: printed, indexed, put into lists, formatted and made coordinates again.
import sys

import numpy as np
import xarray as xr

inputs, output, real = sys.argv[1:4]
for name in ["canesm2_365day_tasmax", "hadgem2_360day_tasmax"]:
    ds = xr.open_dataset(f"{real}/climate/{name}.nc")
    time = ds.time
    print(time.values[:2], time.values[-1], time[59].item(), time[0].values)
    print(time.dt.calendar, time.dt.strftime("%Y-%m-%d %H:%M").values[[0, 59, -1]])
    print([str(t)[:10] for t in time.values[58:61]], time.values[58:61].tolist())
    print(time.isel(time=slice(0, 2)))
    print(f"{time.values[0]!r} {time.values[0]}")
    month = ds.tasmax.isel(lat=3, lon=4).resample(time="MS").max()
    print(month)
    again = xr.DataArray(month.values, dims=["time"], coords={"time": month.time.values}, name="hottest")
    later = again.assign_coords(time=time.values[:again.sizes["time"]])
    again.to_netcdf(f"{output}/{name}_again.nc")
    later.to_netcdf(f"{output}/{name}_later.nc")
    xr.Dataset({"t": ("time", month.values)}, coords={"time": ("time", month.time.values)}).to_zarr(
        f"{output}/{name}.zarr", mode="w")
