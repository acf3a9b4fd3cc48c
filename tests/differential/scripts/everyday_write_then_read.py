# What a script has written it can read again, find, and replace once nothing reads from it.
import glob
import os
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
months = ds[["pr"]].resample(time="MS").mean()
months.to_netcdf(output + "/months.nc")
again = xr.open_dataset(output + "/months.nc")
print(again.pr.sizes, f"{again.pr.mean().item():.9f}")
for year in range(2000, 2002):
    again.sel(time=str(year)).to_netcdf(f"{output}/year_{year}.nc")
print(os.path.exists(output + "/year_2000.nc"), os.path.exists(output + "/year_1999.nc"))
xr.Dataset({"pr": again.pr * 2}).to_netcdf(output + "/twice_1.nc")
print([os.path.basename(f) for f in sorted(glob.glob(output + "/twice_*.nc"))])
xr.Dataset({"pr": again.pr + 1}).to_zarr(output + "/plus.zarr", mode="w")
print(f"{float(xr.open_zarr(output + '/plus.zarr').pr.mean()):.9f}")
part = xr.open_dataset(output + "/year_2000.nc").load()
part.close()
part["pr"].attrs["units"] = "mm day-1"
part.to_netcdf(output + "/year_2000.nc")
print(xr.open_dataset(output + "/year_2000.nc").pr.attrs["units"])
