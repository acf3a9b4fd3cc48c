# The mean over the globe and over the northern extratropics, each grid cell weighted by its area.
#     rankine run area_weighted_mean.py [INPUT [OUTPUT [VARIABLE]]]
import sys

import numpy as np
import xarray as xr

source = "era5_like.nc"
target = "area_weighted_mean.nc"
variable = "t2m"
if len(sys.argv) > 1:
    source = sys.argv[1]
if len(sys.argv) > 2:
    target = sys.argv[2]
if len(sys.argv) > 3:
    variable = sys.argv[3]


def weighted_mean(field):
    weights = np.cos(np.deg2rad(field.latitude))
    return field.weighted(weights).mean(["latitude", "longitude"])


ds = xr.open_dataset(source, chunks={"time": 64})
field = ds[variable]
series = weighted_mean(field)
north = weighted_mean(field.sel(latitude=slice(90, 30)))

xr.Dataset({"globe": series, "north": north}).to_netcdf(target)
print(f"mean over the globe and all times: {float(series.mean()):.3f} {field.attrs['units']}")
