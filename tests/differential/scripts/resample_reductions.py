# Variances round their sum of squares in another order.
# tolerance: rtol=1e-13
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
months = ds.pr.resample(time="MS")
xr.Dataset(
    {
        "mean": months.mean(), "sum": months.sum(), "min": months.min(), "max": months.max(), "std": months.std(),
        "var": months.var(), "count": months.count(),
    }
).to_netcdf(output + "/months.nc")
