import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
ds[["tas", "pr", "orog"]].mean("time").to_netcdf(output + "/mean.nc")
ds[["tas", "pr"]].max(["lat", "lon"]).to_netcdf(output + "/max.nc")
ds[["tas", "pr"]].mean("time", keep_attrs=True).to_netcdf(output + "/attrs.nc")
# Where there is no axis to reduce over, values stay what they are, but for std and count.
apart = xr.Dataset({"whole": ("x", [1, 2, 3]), "gaps": ("x", [1.0, float("nan"), 3.0]), "series": ("t", [1, 2])})
for reduced in (apart.mean("t"), apart.sum("t"), apart.min("t"), apart.prod("t"), apart.std("t"), apart.count("t")):
    print(reduced.whole.dtype, reduced.whole.values, reduced.gaps.values, reduced.series.dtype, reduced.series.values)
