import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
tas = ds.tas
tas.sel(lat=45.0, lon=90).to_netcdf(output + "/point.nc")
tas.sel(lat=slice(45, -45), lon=slice(40, 200)).to_netcdf(output + "/box.nc")
tas.sel(lat=50, lon=100, method="nearest").to_netcdf(output + "/nearest.nc")
tas.sel(lat=[74, -20, 10], method="nearest").to_netcdf(output + "/nearest_list.nc")
tas.sel(lon=[315.0, 0.0]).to_netcdf(output + "/list.nc")
