import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
for name, frequency in [("MS", "MS"), ("M", "M"), ("AS", "AS"), ("A", "A"), ("QS-DEC", "QS-DEC"), ("5D", "5D"), ("YS", "YS"), ("Y", "Y")]:
    ds.tas.resample(time=frequency).mean().to_netcdf(f"{output}/{name}.nc")
