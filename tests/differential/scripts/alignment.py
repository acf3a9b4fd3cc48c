import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
early = ds.tas.isel(time=slice(0, 600), lat=slice(0, 4))
late = ds.tas.isel(time=slice(300, 900), lat=slice(2, 6))
(early + late).to_netcdf(output + "/inner.nc")
