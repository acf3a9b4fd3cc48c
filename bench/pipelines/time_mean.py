import sys

import xarray as xr

source, target, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
ds = xr.open_dataset(source, chunks={"time": steps})
ds.t2m.mean("time").to_netcdf(target)
