import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
print(ds["tas"].dims, ds.pr.dtype, ds.tas.attrs["units"], len(ds.tas))
ds[["pr", "orog"]].to_netcdf(output + "/two.nc")
ds["tas"].to_netcdf(output + "/one.nc")
