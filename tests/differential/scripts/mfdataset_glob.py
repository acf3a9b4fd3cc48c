import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_mfdataset(inputs + "/part_*.nc", combine="by_coords")
print(ds.sizes["time"], ds.t2m.dims, ds.t2m.shape, ds.t2m.dtype)
ds.t2m.mean("time").to_netcdf(output + "/mean.nc")
ds.isel(time=slice(100, 300)).to_netcdf(output + "/across.nc")
