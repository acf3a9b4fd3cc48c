# refused: 2 'polyfit' of DataArray is not supported
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds.tas.mean("time").to_netcdf(output + "/mean.nc")
ds.tas.polyfit("time", 1)
