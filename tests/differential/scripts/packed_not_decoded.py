import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/packed.nc", mask_and_scale=False, decode_times=False)
print(ds.t.dtype, ds.time.dtype)
ds[["t", "cloud"]].max("time").to_netcdf(output + "/raw.nc")
