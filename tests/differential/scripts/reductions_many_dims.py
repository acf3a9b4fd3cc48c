import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
x = ds.tas
xr.Dataset(
    {
        "space": x.mean(["lat", "lon"]), "time_lon": x.std(dim=("time", "lon")), "all": x.mean(), "largest": x.max(),
        "n": x.count(), "total": ds.pr.sum(), "spread": ds.pr.var(["time", "lat", "lon"]),
    }
).to_netcdf(output + "/many.nc")
