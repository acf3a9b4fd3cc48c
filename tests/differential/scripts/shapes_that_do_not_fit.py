import sys

import dask.array as da
import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]


def show(f):
    try:
        f()
        print("no error")
    except ValueError as error:
        print(error)


three, four, square = np.arange(3), np.arange(4), np.zeros((2, 4))
show(lambda: three - four)
show(lambda: three == four[:3])
show(lambda: three * square)
show(lambda: square / three)
show(lambda: np.maximum(three, four))
show(lambda: np.where(three > 1, three, four))
show(lambda: np.where(square > 1, three, 0))
show(lambda: np.hypot(square, square[:, :3]))
print((square + four).shape, (square + np.zeros((2, 1))).shape, (np.zeros((3, 1)) + four).shape)


def refused(f):
    try:
        f()
        print("no error")
    except ValueError:
        print("refused")


refused(lambda: da.ones((3,)) - da.ones((4,)))
refused(lambda: da.ones((3,)) + four)
refused(lambda: da.concatenate([da.ones((2, 3)), da.ones((2, 4))]))
refused(lambda: da.stack([da.ones((2, 3)), da.ones((2, 4))]))
refused(lambda: xr.DataArray(three, dims="x") + xr.DataArray(four, dims="x"))
refused(lambda: xr.DataArray(three, dims="x") + four)
refused(lambda: xr.full_like(xr.DataArray(three, dims="x"), [1, 2, 3]))
refused(lambda: xr.DataArray(three, dims="x").expand_dims(y=-2))
