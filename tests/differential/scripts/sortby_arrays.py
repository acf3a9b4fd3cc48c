import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
a = xr.DataArray([3.0, 1.0, 2.0, 1.0], dims="x", coords={"x": [10, 20, 30, 40], "k": ("x", ["b", "a", "b", "a"])}, name="sst")
b = xr.DataArray([1.0, np.nan, 0.0, 5.0], dims="x", coords={"x": [40, 30, 20, 10]}, name="other")


def show(v):
    print(v.values.tolist(), v.x.values.tolist())


for ascending in [True, False]:
    show(a.sortby(a, ascending=ascending))
    show(a.sortby(-a, ascending=ascending))
    show(a.sortby(b, ascending=ascending))
    show(a.sortby("k", ascending=ascending))
    show(a.sortby(["k", "x"], ascending=ascending))
    show(a.sortby(["k", a], ascending=ascending))
    show(a.sortby([a, "k"], ascending=ascending))
    show(a.sortby(a.k, ascending=ascending))
    show(a.sortby(b.sel(x=[10, 30]), ascending=ascending))
    ds = xr.Dataset({"a": a, "t": (("x", "y"), np.arange(8.0).reshape(4, 2))}, coords={"y": [2, 1]})
    print(ds.sortby("a", ascending=ascending).t.values.tolist())
    print(ds.sortby(["a", "y"], ascending=ascending).t.values.tolist())
    print(ds.sortby([ds.a, ds.y], ascending=ascending).t.values.tolist())
dates = np.array([np.datetime64("2000-01-02"), np.datetime64("NaT"), np.datetime64("2000-01-01")])
print(xr.DataArray([1, 2, 3], dims="t", coords={"t": dates}).sortby("t").values.tolist())
ds = xr.open_dataset(inputs + "/daily.nc")
series = ds.tas.mean(["lat", "lon"])
print(series.sortby(series, ascending=False).time.values[:5])
