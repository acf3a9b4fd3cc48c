import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
start, day = np.datetime64("2000-01-01"), np.timedelta64(1, "D")


def along(labels):
    return xr.DataArray(np.arange(float(len(labels))), dims="x", coords={"x": labels})


def show(name, v, label, method=None):
    try:
        print(name, label, method, v.sel(x=label, method=method).values.tolist())
    except (KeyError, ValueError) as error:
        print(name, label, method, "refused")


indexes = {"unsorted": along([5, 1, 3, 0]), "rising twice": along([1, 1, 2]), "twice": along([2, 1, 2]),
           "side by side": along([3, 2, 2, 1, 5]), "falling": along([5, 3, 1]), "falling twice": along([3, 3, 1])}
for name in indexes:
    v = indexes[name]
    for label in [1, 2, 3, 4]:
        show(name, v, label)
    for method in ["nearest", "ffill", "bfill"]:
        if name in ["unsorted", "falling"]:
            show(name, v, 2, method)
    for label in [slice(1, 3), slice(3, 1), slice(2, 4), slice(2, 2), slice(2, None), slice(None, 2), slice(4, 0)]:
        show(name, v, label)
days = along(start + np.array([5, 1, 3, 0]) * day)
show("days", days, slice("2000", "2000"))
show("days", days, "2000-01-02")
show("days", days, "2000-01")
print(days.sel(x=slice(start + day, start + 3 * day)).values.tolist())
for dates in [slice("2000-01-02", "2000-01-03"), slice("2000-01-02", None), slice(None, "2000-01-03"), slice("2000-01-01", "2000-01-05")]:
    try:
        print(days.sel(x=dates).values.tolist())
    except KeyError as error:
        print("unsorted" in str(error))
