import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
xr.Dataset(
    {
        "anomaly": ds.tas - ds.tas.mean("time"),
        "lapse": ds.tas + 0.0065 * ds.orog,
        "outer": ds.lon * ds.lat,
        "profile": ds.orog.mean("lon") - ds.orog,
    }
).to_netcdf(output + "/broadcast.nc")
