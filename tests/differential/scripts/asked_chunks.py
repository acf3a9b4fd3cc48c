import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/contiguous.nc")
name = list(ds.data_vars)[0]
v = ds[name]
print(v.dims, v.shape, v.chunks, ds.chunks, (v * 2 + v).chunks, ds.time.chunks)
cut = v.chunk({"time": 100})
print(cut.chunks, (cut - 273.15).chunks, np.sqrt(abs(cut)).chunks, cut.chunk({"time": 70}).chunks)
print(ds[[name]].chunk({"time": 100}).chunks)
print(v.chunk({"time": 100, "lat": 2, "lon": -1}).chunks, v.chunk(3).chunks[1])
print(xr.open_dataset(inputs + "/contiguous.nc", chunks={"time": 50})[name].chunks)
print(xr.DataArray(np.arange(3.0)).chunks)
masked = (("time", "lat"), np.arange(24.0).reshape(8, 3))
xr.Dataset({"v": masked, "lab": ("time", list("abababab"))}).to_netcdf(
    output + "/masked.nc", unlimited_dims=["time"], encoding={"v": {"_FillValue": -9.0, "chunksizes": (1, 3)}}
)
read = xr.open_dataset(output + "/masked.nc")
print(read.v.chunk({"time": 3}).chunks, (read.v.chunk({"time": 3}) * 2).chunks, read.lab.load())
