# How much warmer North America gets: 240 years of a climate model, against its first thirty.
#     rankine run north_america.py E1_north_america.nc warming.nc
import sys

import numpy as np
import xarray as xr

t = xr.open_dataset(sys.argv[1]).air_temperature
anomaly = t - t.sel(time=slice("1860", "1889")).mean("time")
area = np.cos(np.deg2rad(t.latitude))
result = xr.Dataset({
    "warming": anomaly.sel(time=slice("2070", "2099")).mean("time"),
    "series": anomaly.weighted(area).mean(["latitude", "longitude"]),
})
result.to_netcdf(sys.argv[2])
