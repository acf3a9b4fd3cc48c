import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for calendar in ["noleap", "360_day", "julian", "all_leap"]:
    ds = xr.open_dataset(f"{inputs}/calendar_{calendar}.nc")
    ds.sel(time=slice("2000-02", "2001-01-15")).to_netcdf(f"{output}/{calendar}.nc")
    print(calendar, ds.tas.sel(time="2001-02").sizes["time"])
