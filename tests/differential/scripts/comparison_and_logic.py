import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
hot = ds.tas > 285
wet = ds.pr >= 1.0
xr.Dataset(
    {
        "hot_wet": hot & wet,
        "either": hot | wet,
        "not_hot": ~hot,
        "exclusive": hot ^ wet,
        "equal": ds.lat == 45.0,
        "unlike": ds.lat != 45.0,
        "days": (hot & wet).sum("time"),
    }
).to_netcdf(output + "/logic.nc")
