import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
for dim in ["time", "lat", "lon"]:
    x = ds.tas
    xr.Dataset(
        {
            "mean": x.mean(dim), "sum": x.sum(dim), "min": x.min(dim), "max": x.max(dim), "std": x.std(dim),
            "var": x.var(dim), "count": x.count(dim),
        }
    ).to_netcdf(f"{output}/{dim}.nc")
