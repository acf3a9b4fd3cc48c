import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
gappy = xr.concat([ds.tas.isel(time=slice(0, 3)), ds.tas.isel(time=slice(7, 9))], dim="time").isel(lat=0, drop=True)
warm = (gappy > gappy.mean()).rename("warm")
both = xr.Dataset({"warm": warm, "tas": gappy, "whole": gappy.astype("int32")})
days = warm.resample(time="1D")
sets = both.resample(time="1D")
xr.Dataset({"any": days.any(), "all": days.all(), "min": days.min(), "max": days.max(), "sum": days.sum(),
            "mean": days.mean(), "count": days.count()}).to_netcdf(output + "/array.nc")
sets.any().to_netcdf(output + "/any.nc")
sets.all().to_netcdf(output + "/all.nc")
sets.min().to_netcdf(output + "/min.nc")
sets.max().to_netcdf(output + "/max.nc")
print(days.any().dtype, sets.max().warm.dtype, sets.max().whole.dtype)

a = xr.DataArray([True, False], dims="x", coords={"x": [1, 2]}, name="a")
b = xr.DataArray([True, False], dims="x", coords={"x": [2, 3]}, name="b")
for dtype in ["bool", "int8", "int16", "int64", "uint8", "float32"]:
    merged = xr.merge([a, b.astype(dtype)])
    print(merged.a.dtype, merged.a.values.tolist(), merged.b.dtype, merged.b.values.tolist())
joined = xr.concat([a, b], dim="n", join="outer")
print(joined.dtype, joined.values.tolist())
for chosen in [a.where(a), a.where(a, False), a.where(a, 0), a.where(a, np.nan), a.where(a, drop=True)]:
    print(chosen.dtype, chosen.values.tolist())
