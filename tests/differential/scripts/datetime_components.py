import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
time = ds.time
xr.Dataset(
    {
        "year": time.dt.year, "month": time.dt.month, "day": time.dt.day, "hour": time.dt.hour,
        "dayofyear": time.dt.dayofyear,
    }
).to_netcdf(output + "/parts.nc")
winter = ds.tas.where(ds.time.dt.month == 1).mean("time")
winter.to_netcdf(output + "/january.nc")
print(time.dt.season.isel(time=0).values, int(time.dt.year.max()))
