import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/curvilinear.nc")
ds.sst.mean("time").to_netcdf(output + "/mean.nc")
ds.sst.where(ds.nav_lat > 0).isel(time=0).to_netcdf(output + "/north.nc")
ds.sst.isel(y=slice(2, 7), x=3).to_netcdf(output + "/section.nc")
ds.sst.resample(time="AS").mean().to_netcdf(output + "/years.nc")
