import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_zarr(inputs + "/zarr_filters.zarr")
ds.isel(time=slice(3, 40)).to_netcdf(output + "/filters.nc")
ds.to_zarr(output + "/copy.zarr", mode="w")
