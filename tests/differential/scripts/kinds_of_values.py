# What values are: scalars and arrays of NumPy, classes, and names that are not there.
import numpy as np
import xarray as xr

a = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("y", "t"), name="a")
ds = xr.Dataset({"a": a})
v = a.values
m = a.mean()
values = [v[0, 0], np.float64(3), np.float32(3), np.int64(3), np.bool_(True), np.datetime64("2000-01-01", "ns"), m.values, v, v[0],
          a, ds, 3, 3.0, True, "text", v.mean(), np.sqrt(2.0), np.array(5), np.array(5.0)[()], np.array("x"), np.zeros(()),
          np.array(3.0) + 1, np.asarray(4.0), np.array(3.0).copy(), np.array(3.0).T, np.array(3.0).reshape(()), np.array(3.0).astype(int),
          np.where(True, 1.0, 2.0), np.clip(3.0, 0, 1), np.round(2.34, 1), np.float64(2).round(1), -np.float64(2), v[0, 0] * 2]
for x in values:
    print(type(x).__name__, type(x), isinstance(x, float), isinstance(x, int), isinstance(x, bool), isinstance(x, str),
          isinstance(x, np.ndarray), isinstance(x, (xr.DataArray, xr.Dataset)), isinstance(x, xr.DataArray), isinstance(x, xr.Dataset),
          isinstance(x, np.float32), isinstance(x, np.float64), isinstance(x, (int, np.int64)), isinstance(x, np.datetime64))
print(type(v[0, 0]) is np.float64, type(v[0, 0]) == np.float64, type(3.0) == np.float64, type(a) is xr.DataArray, type(ds) == xr.Dataset)
print(v.dtype == np.float64, v.dtype == float, np.float64, v.dtype, repr(v.dtype), xr.DataArray, np.ndarray, xr.Dataset)
print(repr(m.values), [m.values], m.values, (np.array(3), np.array(2.5)), {"v": a[0, 0].values})
print([np.array(True), np.array("text"), np.float32(2), np.array(np.float32(2)), np.array([1, 2])])
print(f"{m.values:.3f} {m.values} {v[0, 1]!r} {a[1, 1].values!r} {v[1]!r}")
print([ds.a.isel(t=0, y=0).values, np.array([True, False]), np.array([True])])
for name in ("nope", "mean_"):
    for x in (ds, a):
        try:
            getattr(x, name)
        except AttributeError as e:
            print("AttributeError", str(e).startswith(f"'{type(x).__name__}' object has no attribute '{name}'"))
        print(hasattr(x, name), getattr(x, name, "otherwise"))
try:
    ds.other
except AttributeError:
    print("no such variable")
try:
    ds["other"]
except KeyError:
    print("no such key")
