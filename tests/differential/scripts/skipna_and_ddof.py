import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
x = ds.tas
xr.Dataset(
    {
        "mean_all": x.mean("time", skipna=False), "sum_all": x.sum("time", skipna=False),
        "min_all": x.min("time", skipna=False), "max_all": x.max("lat", skipna=False),
        "std_1": x.std("time", ddof=1), "var_1": x.var("time", ddof=1), "std_all": x.std("time", skipna=False, ddof=1),
        "few": x.sum("time", min_count=1080),
    }
).to_netcdf(output + "/skipna.nc")
