import sys

import numpy as np
import xarray as xr

ds = xr.open_dataset(sys.argv[1] + "/odd/no_times.nc")


def attempt(label, function):
    try:
        print(label, function().values.tolist())
    except ValueError as error:
        print(label, "ValueError:", error)


for name in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "when"):
    v = ds[name]
    attempt(name + " max", lambda: v.max("time"))
    attempt(name + " min", lambda: v.min("time"))
    attempt(name + " max of all", lambda: v.max())
    attempt(name + " max along x", lambda: v.max("x"))
    attempt(name + " skipna=False", lambda: v.min("time", skipna=False))
    attempt(name + " skipna=True", lambda: v.min("time", skipna=True))
    attempt(name + " sum", lambda: v.astype("f8").sum("time") if name != "when" else v.count("time"))
    attempt(name + " np.max", lambda: np.max(v))
attempt("mean of dates", lambda: ds.when.mean("time"))
attempt("dataset", lambda: ds[["i4"]].max().i4)
attempt("dataset of floats", lambda: ds[["f4"]].max("time").f4)
attempt("dataset along x", lambda: ds[["i4"]].max("x").i4)
grouped = ds.i4.assign_coords(g=("x", np.array([1, 2]))).groupby("g")
attempt("groups", lambda: grouped.max("x"))
attempt("groups over time", lambda: grouped.max(["x", "time"]))
attempt("groups over all", lambda: grouped.min(...))
for dtype in ("int32", "float64", "bool"):
    try:
        print(np.zeros(0, dtype).max())
    except ValueError as error:
        print("ValueError:", error)
    try:
        print(np.min(np.zeros((2, 0), dtype)))
    except ValueError as error:
        print("ValueError:", error)
