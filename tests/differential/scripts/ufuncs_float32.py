# NumPy's float32 arctan2 is up to 4 units in the last place off the truth.
# tolerance: rtol=4e-7
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")
u, v = ds.u10, ds.v10
xr.Dataset(
    {
        "speed": np.sqrt(u**2 + v**2), "hypot": np.hypot(u, v), "direction": np.arctan2(v, u),
        "sin": np.sin(u), "cos": np.cos(u), "exp": np.exp(u / 10), "log": np.log(np.abs(u) + 1), "isnan": np.isnan(u),
        "isfinite": np.isfinite(u / 0), "radians": np.deg2rad(ds.lat), "round": np.round(u), "abs": abs(v),
    }
).to_netcdf(output + "/ufuncs.nc")
