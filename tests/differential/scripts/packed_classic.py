import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/packed_classic.nc")
xr.Dataset(
    {"t": ds.t.mean("time"), "single": ds.single - 1, "cloud": ds.cloud * 1.0, "n": ds["count"].min("time")}
).to_netcdf(output + "/reduced.nc")
