# Rounding and packing in encoding=, and NetCDF formats.
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
pr = ds[["pr"]]
pr.to_netcdf(output + "/digits.nc", encoding={"pr": {"least_significant_digit": 2, "zlib": True}})
pr.to_netcdf(output + "/tens.nc", encoding={"pr": {"least_significant_digit": -1}})
pr.to_netcdf(output + "/packed.nc", encoding={"pr": {"dtype": "int32", "scale_factor": 1e-6, "_FillValue": -1}})
pr.transpose("lon", "lat", "time").to_netcdf(output + "/turned.nc", encoding={"pr": {"zlib": False}})
pr.to_netcdf(output + "/cdf2.nc", format="NETCDF3_64BIT")
print(f"{float(xr.open_dataset(output + '/digits.nc').pr.mean()):.6f}")
