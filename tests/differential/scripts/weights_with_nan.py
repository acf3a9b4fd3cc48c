import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
x = [1.0, 2.0, 3.0]
xr.Dataset({"v": ("x", x), "w": ("x", [1.0, np.nan, 2.0]), "m": ("x", [1.0, np.nan, 3.0])}).to_netcdf(output + "/in.nc")
ds = xr.open_dataset(output + "/in.nc")
known = xr.DataArray([1.0, np.nan, 2.0], dims="x")
text = "`weights` cannot contain missing values. Missing values can be replaced by `weights.fillna(0)`."
reductions = ["mean", "sum", "std", "var", "sum_of_weights", "sum_of_squares"]


def reduce(x, weights, name):
    w = x.weighted(weights)
    if name == "mean":
        return w.mean()
    if name == "sum":
        return w.sum()
    if name == "std":
        return w.std()
    if name == "var":
        return w.var()
    if name == "sum_of_weights":
        return w.sum_of_weights()
    return w.sum_of_squares()


def shown(x, weights, name):
    try:
        return reduce(x, weights, name).values.tolist()
    except ValueError as error:
        return str(error).startswith(text)


for name in reductions:
    for weights in [ds.w, ds.w.astype("float32"), ds.w * 2, known, known.astype("float32"), ds.w.fillna(0), known.fillna(0)]:
        print(name, shown(ds.v, weights, name), shown(ds.m, weights, name))
    try:
        print(name, reduce(ds[["v", "m"]], ds.w, name).v.values.tolist())
    except ValueError as error:
        print(name, str(error).startswith(text))
try:
    ds.v.weighted(known)
except ValueError as error:
    print(str(error) == text)
