import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/packed.nc")
print(ds.t.dtype, ds.single.dtype, ds.cloud.dtype, ds["count"].dtype)
ds.drop_vars("t").to_netcdf(output + "/copy.nc")
xr.Dataset(
    {"t": ds.t.mean("time"), "single": ds.single.max("time"), "cloud": ds.cloud.sum("time"), "n": ds["count"].sum("time")}
).to_netcdf(output + "/reduced.nc")
