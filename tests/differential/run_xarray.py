"""Runs a pipeline script under xarray as the oracle: run_xarray.py SCRIPT [WORD...].

The difference from plain `python3 SCRIPT`: reductions of float32 accumulate in double and round once, which is
the truth that Rankine promises; xarray alone accumulates in float32. Everything else is xarray's own.
"""
import runpy
import sys
import warnings

import numpy as np
import xarray as xr
from xarray.core import duck_array_ops

# Means of nothing, time units that are inferred: not what is tested here.
warnings.simplefilter("ignore")


def in_double(reduction):
    def reduce(array, *args, **kwargs):
        if getattr(array, "dtype", None) != np.float32:
            return reduction(array, *args, **kwargs)
        return reduction(array.astype(np.float64), *args, **kwargs).astype(np.float32)

    return reduce


def einsum_in_double(einsum):
    def contract(subscripts, *arrays, **kwargs):
        if not any(getattr(a, "dtype", None) == np.float32 for a in arrays):
            return einsum(subscripts, *arrays, **kwargs)
        result = np.result_type(*[a.dtype for a in arrays])
        return einsum(subscripts, *[a.astype(np.float64) for a in arrays], **kwargs).astype(result)

    return contract


for name in ("mean", "sum", "prod", "std", "var"):
    setattr(duck_array_ops, name, in_double(getattr(duck_array_ops, name)))
duck_array_ops.einsum = einsum_in_double(duck_array_ops.einsum)
# Bottleneck's reductions to one value are Python floats, so that float32 becomes float64 where it is installed.
xr.set_options(use_flox=False, use_bottleneck=False)

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
