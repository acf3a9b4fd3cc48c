import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
hot = ds.tas > 300
xr.Dataset(
    {
        "any": hot.any("time"), "all": (ds.pr >= 0).all("time"), "everywhere": hot.any(),
        "prod": (1 + ds.pr.isel(time=slice(0, 20)) / 100).prod("time"), "days": hot.sum("time"), "share": hot.mean("time"),
    }
).to_netcdf(output + "/any.nc")
