import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
tas, pr = ds.tas, ds.pr
celsius = tas - 273.15
xr.Dataset(
    {
        "celsius": celsius,
        "fahrenheit": celsius * 9 / 5 + 32,
        "mixed": tas * pr,
        "ratio": pr / (tas + 1.0),
        "power": pr**2,
        "floor": pr // 3,
        "rest": pr % 3,
        "negative": -pr,
        "reverse": 1 / (1 + pr),
    }
).to_netcdf(output + "/arithmetic.nc")
