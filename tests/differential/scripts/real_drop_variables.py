# needs: climate/E1_north_america.nc climate/cmip6_o3.nc climate/orca2_votemper.nc
import sys

import xarray as xr

output, real = sys.argv[2], sys.argv[3]


def show(ds):
    print(list(ds.data_vars), list(ds.coords))
    for name in sorted(ds.variables):
        e = ds[name].encoding
        print(name, sorted(ds[name].attrs.keys()), sorted(e.get("coordinates", "").split()), e.get("units"))


path = real + "/climate/E1_north_america.nc"
for name in ["height", "forecast_period", "time", "latitude", "forecast_reference_time", "time_bnds"]:
    for decode_coords in [True, "all", False]:
        print(name, decode_coords)
        show(xr.open_dataset(path, drop_variables=[name], decode_coords=decode_coords))
show(xr.open_dataset(real + "/climate/orca2_votemper.nc", drop_variables=["nav_lat"]))
without_time = xr.open_dataset(real + "/climate/cmip6_o3.nc", drop_variables="time", use_cftime=True)
show(without_time)
print(without_time.time_bnds.values[0])
xr.open_dataset(path, drop_variables=["height"]).isel(time=slice(0, 10)).to_netcdf(output + "/without_height.nc")
o3 = xr.open_dataset(real + "/climate/cmip6_o3.nc", use_cftime=True)
mean = o3.mean("lat")
print(mean.time_bnds.attrs, sorted(mean.time_bnds.encoding), mean.encoding["unlimited_dims"])
mean.to_netcdf(output + "/o3_mean.nc")
o3.max("lat", keep_attrs=True).to_netcdf(output + "/o3_max.nc")
o3.resample(time="Q-NOV").mean().to_netcdf(output + "/o3_seasons.nc")
