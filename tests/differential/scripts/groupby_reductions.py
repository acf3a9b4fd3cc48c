import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
months = ds.tas.groupby("time.month")
xr.Dataset(
    {
        "mean": months.mean("time"), "sum": months.sum("time"), "min": months.min("time"), "max": months.max("time"),
        "std": months.std("time"), "var": months.var("time"), "count": months.count("time"),
    }
).to_netcdf(output + "/months.nc")
