import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
for part in ["month", "year", "season", "dayofyear"]:
    ds.tas.groupby(f"time.{part}").mean("time").to_netcdf(f"{output}/{part}.nc")
