# tolerance: rtol=5e-7
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
weights = np.cos(np.deg2rad(ds.lat))
weights.name = "weights"
field = ds.tas.weighted(weights)
xr.Dataset(
    {
        "mean": field.mean(("lat", "lon")), "sum": field.sum(["lat", "lon"]), "zonal": field.mean("lat"),
        "by_height": ds.pr.weighted(ds.orog).mean(["lat", "lon"]),
    }
).to_netcdf(output + "/weighted.nc")
