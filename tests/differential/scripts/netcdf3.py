import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for name in ["classic", "offset64"]:
    ds = xr.open_dataset(f"{inputs}/{name}.nc")
    result = xr.Dataset({"mean": ds.t2m.mean("time"), "speed": np.hypot(ds.u10, ds.v10)})
    result.to_netcdf(f"{output}/{name}.nc")
