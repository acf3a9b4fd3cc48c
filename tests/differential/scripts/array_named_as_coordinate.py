import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc").isel(time=slice(0, 10))
ds.time.to_netcdf(output + "/time.nc")
ds.lat.to_netcdf(output + "/lat.nc")
ds.assign_coords(month=ds.time.dt.month).month.to_netcdf(output + "/month.nc")
xr.DataArray(np.arange(3.0), dims="x", name="x").to_netcdf(output + "/x.nc")
(ds.tas * ds.lat).to_netcdf(output + "/unnamed.nc")
for name in ("time", "lat", "month", "x", "unnamed"):
    back = xr.open_dataarray(output + "/" + name + ".nc")
    print(name, back.name, back.dims, sorted(back.coords))
