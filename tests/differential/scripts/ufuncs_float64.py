import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
x = ds.pr.isel(time=slice(0, 100))
small = x / 40
xr.Dataset(
    {
        "sqrt": np.sqrt(x), "exp": np.exp(small), "log": np.log(x + 1), "log10": np.log10(x + 1),
        "sin": np.sin(x), "cos": np.cos(x), "tan": np.tan(small), "arcsin": np.arcsin(small),
        "arccos": np.arccos(small), "arctan": np.arctan(x), "arctan2": np.arctan2(x, small + 1),
        "deg2rad": np.deg2rad(x), "rad2deg": np.rad2deg(x), "abs": np.abs(x - 2), "sign": np.sign(x - 2),
        "floor": np.floor(x), "ceil": np.ceil(x), "round": np.round(x), "maximum": np.maximum(x, 2.0),
        "minimum": np.minimum(x, small * 30), "hypot": np.hypot(x, small), "power": np.power(x, 1.5),
    }
).to_netcdf(output + "/ufuncs.nc")
