import sys

import numpy as np
import xarray as xr

output = sys.argv[2]
texts = np.array([["b", "é", "aa"], ["", "z", "ab"]])
ds = xr.Dataset(
    {"v": (("x", "y"), np.arange(6.0).reshape(2, 3)), "name": (("x", "y"), texts, {"n": "o"}), "one": ("x", ["q", "p"])},
    coords={"y": [1, 2, 3]},
)
ds.to_netcdf(output + "/in.nc")
ds = xr.open_dataset(output + "/in.nc")
for op in ("max", "min", "count"):
    for dim in ("x", "y", None):
        result = getattr(ds, op)(dim)
        print(op, dim, list(result.data_vars), result.name.values.tolist(), result.one.values.tolist(), result.name.attrs)
print(ds.max("y", keep_attrs=True).name.attrs, ds.mean("y").data_vars.keys() == ds.sum("y").data_vars.keys())
ds.max("x").to_netcdf(output + "/max.nc")
days = ("y", [0.5, 4.0, np.nan], {"units": "days"})
xr.Dataset({"d": days, "v": ("y", [1.0, np.nan, 3.0]), "name": ("y", ["a", "b", "c"])}).to_netcdf(output + "/durations.nc")
durations = xr.open_dataset(output + "/durations.nc")
print(durations.d.dt.days.values, durations.d.dt.seconds.values, durations.d.isel(y=[0, 1]).dt.days.values)
filled = durations.fillna(0)
print(filled.d.values.astype("int64").tolist(), filled.v.values.tolist(), filled.name.values.tolist(), filled.d.dtype)
