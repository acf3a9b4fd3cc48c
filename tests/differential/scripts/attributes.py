import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
celsius = ds.tas - 273.15
celsius.attrs["units"] = "degC"
celsius.attrs["long_name"] = "air temperature in Celsius"
celsius.name = "celsius"
print(ds.attrs["title"], ds.tas.attrs["long_name"], celsius.attrs["units"], celsius.name)
celsius.to_netcdf(output + "/celsius.nc")
