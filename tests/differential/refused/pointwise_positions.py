# refused: 2 pointwise indexing with several arrays
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
points = xr.DataArray([0, 1], dims=["point"])
ds.tas.isel(lat=points, lon=points).to_netcdf(output + "/points.nc")
