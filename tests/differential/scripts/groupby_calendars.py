import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for calendar in ["noleap", "365_day", "all_leap", "366_day", "360_day", "julian", "proleptic_gregorian", "standard"]:
    ds = xr.open_dataset(f"{inputs}/calendar_{calendar}.nc")
    ds.tas.groupby("time.dayofyear").mean("time").to_netcdf(f"{output}/days_{calendar}.nc")
    ds.tas.groupby("time.month").max("time").to_netcdf(f"{output}/months_{calendar}.nc")
