import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
tas = ds.tas.isel(time=slice(0, 400))

# Each step uses the one before twice: 2^200 ways through the expression.
masked = tas
for i in range(200):
    masked = masked.where(masked > 200.0 + i / 4)
masked.to_netcdf(output + "/masked.nc")
masked.isel(time=0).to_netcdf(output + "/masked_day.nc")
masked.mean("time").to_netcdf(output + "/masked_mean.nc")

total = tas
for i in range(2000):
    total = total + i
total.to_netcdf(output + "/total.nc")

# Each step looks at its neighbours: 2^40 ways, 40 different parts.
smooth = tas.drop_vars("time")
for i in range(40):
    before = xr.concat([smooth.isel(time=slice(0, 1)), smooth.isel(time=slice(0, -1))], "time")
    smooth = (smooth + before) / 2
smooth.to_netcdf(output + "/smooth.nc")

joined = tas.isel(time=slice(0, 1))
for i in range(1, 60):
    joined = xr.concat([joined, tas.isel(time=slice(i, i + 1))], "time")
joined.to_netcdf(output + "/joined.nc")

centred = tas
for i in range(12):
    centred = centred - centred.mean("lat") / 2
centred.to_netcdf(output + "/centred.nc")
