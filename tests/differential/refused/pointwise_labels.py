# refused: 2 pointwise indexing with several arrays
import sys
import numpy as np
import xarray as xr
inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
lat = xr.DataArray(ds.lat.values[:2], dims=["point"])
lon = xr.DataArray(ds.lon.values[:2], dims=["point"])
ds.tas.sel(lat=lat, lon=lon).to_netcdf(output + "/points.nc")
