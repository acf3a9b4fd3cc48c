# refused: 2
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
x = xr.DataArray([1.0, 2.0, 3.0], dims=["lat"])
(ds.tas + x).to_netcdf(output + "/sum.nc")
