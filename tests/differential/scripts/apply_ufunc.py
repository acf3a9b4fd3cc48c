# Functions of the script over blocks of labelled arrays: apply_ufunc with and without core dims, map_blocks.
# Differences of float32 numbers from their means lose digits.
# tolerance: rtol=1e-4 atol=1e-6
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc", chunks={"time": 50})
u, v = ds.u10, ds.v10


def magnitude(a, b):
    return np.sqrt(a**2 + b**2)


def scaled(a, factor=1.0, offset=0.0):
    return a * factor + offset


def span(a):
    return a.max(axis=-1) - a.min(axis=-1)


def centred(a):
    return a - a.mean(axis=-1).reshape(a.shape[0], a.shape[1], 1)


def count_above(row, limit):
    total = 0
    for value in row:
        if value > limit:
            total += 1
    return total


def anomaly(block):
    return block - block.mean("lat")


def warm(block, limit):
    return block.where(block > limit, limit)


speed = xr.apply_ufunc(magnitude, u, v, dask="parallelized", output_dtypes=[u.dtype])
print(speed.dims, speed.dtype, f"{float(speed.mean()):.5f}")
doubled = xr.apply_ufunc(scaled, u, kwargs={"factor": 2.0, "offset": 1.0}, dask="parallelized", output_dtypes=["float32"])
print(doubled.dims, f"{float(doubled.mean()):.5f}")
over_time = xr.apply_ufunc(span, u, input_core_dims=[["time"]], dask="parallelized", output_dtypes=["float32"],
                           dask_gufunc_kwargs={"allow_rechunk": True})
print(over_time.dims, over_time.shape, f"{float(over_time.max()):.5f}")
kept = xr.apply_ufunc(centred, u, input_core_dims=[["time"]], output_core_dims=[["time"]], dask="parallelized",
                      output_dtypes=["float32"], dask_gufunc_kwargs={"allow_rechunk": True})
print(kept.dims, kept.shape)
counts = xr.apply_ufunc(count_above, u.isel(time=slice(0, 30)), 2.0, input_core_dims=[["time"], []], vectorize=True,
                        dask="parallelized", output_dtypes=[int], dask_gufunc_kwargs={"allow_rechunk": True})
print(counts.dims, int(counts.sum()))
mapped = xr.map_blocks(anomaly, u.chunk({"lat": -1}), template=u)
limited = u.map_blocks(warm, kwargs={"limit": 1.5})
print(mapped.dims, f"{float(limited.min()):.3f}", f"{float(abs(mapped).mean()):.5f}")
both = xr.apply_ufunc(np.fabs, ds[["u10", "v10"]], dask="allowed")
print(sorted(both.data_vars), f"{float(both.u10.mean()):.5f}")
xr.Dataset({"speed": speed, "doubled": doubled, "span": over_time, "centred": kept.transpose("time", "lat", "lon"), "counts": counts,
            "anomaly": mapped, "limited": limited}).compute().to_netcdf(output + "/applied.nc")
