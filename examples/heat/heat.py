"""What libheat.so does, in Python: scripts that `import heat` run under CPython with xarray too."""
import numpy as np
import xarray as xr


def step(t, alpha=0.1):
    def one(x):
        p = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
        return x + alpha * (p[..., :-2, 1:-1] + p[..., 2:, 1:-1] + p[..., 1:-1, :-2] + p[..., 1:-1, 2:] - 4 * x)

    core = [["lat", "lon"]]
    return xr.apply_ufunc(one, t, input_core_dims=core, output_core_dims=core).transpose(*t.dims)


def detrend(t):
    def one(x):
        steps = np.arange(x.shape[-1]) - (x.shape[-1] - 1) / 2
        slope = (x * steps).sum(axis=-1, keepdims=True) / (steps ** 2).sum()
        return x - x.mean(axis=-1, keepdims=True) - slope * steps

    return xr.apply_ufunc(one, t, input_core_dims=[["time"]], output_core_dims=[["time"]]).transpose(*t.dims)


def rms(t, dim=None):
    return ((t ** 2).mean(dim)) ** 0.5
