import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
tas = ds["tas"]
parts = {
    "first": tas.isel(time=0),
    "last": tas.isel(time=-1, lat=2),
    "slice": tas.isel(lon=slice(1, 7, 2), lat=slice(None, None, -1)),
    "list": tas.isel(lat=[4, 0, 2]),
    "tail": tas[-10:, :, 3],
}
for name in ["first", "last", "slice", "list", "tail"]:
    parts[name].to_netcdf(f"{output}/{name}.nc")
