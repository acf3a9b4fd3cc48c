import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")
for frequency in ["12H", "D", "18H", "3H"]:
    ds.t2m.resample(time=frequency).mean().to_netcdf(f"{output}/{frequency}.nc")
