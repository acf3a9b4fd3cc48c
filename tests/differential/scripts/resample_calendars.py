import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for calendar in ["noleap", "360_day", "julian"]:
    ds = xr.open_dataset(f"{inputs}/calendar_{calendar}.nc")
    ds.tas.resample(time="MS").mean().to_netcdf(f"{output}/months_{calendar}.nc")
    ds.tas.resample(time="QS-DEC").max().to_netcdf(f"{output}/seasons_{calendar}.nc")
    ds.tas.resample(time="AS").sum().to_netcdf(f"{output}/years_{calendar}.nc")
