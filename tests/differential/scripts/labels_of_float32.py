import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
x = np.array([0.1, 0.2, 0.4, 0.8], dtype="float32")
ds = xr.Dataset({"v": ("x", [0.0, 1.0, 2.0, 3.0])}, coords={"x": x})
ds.to_netcdf(output + "/plain.nc")
packed = {"x": {"dtype": "int16", "scale_factor": np.float32(0.1)}}
ds.to_netcdf(output + "/packed.nc", encoding=packed)


def show(v):
    print(v.dims, v.values.tolist())


for name in ["plain", "packed"]:
    ds = xr.open_dataset(output + "/" + name + ".nc")
    v = ds.v
    print(name, v.x.dtype)
    show(v.sel(x=0.1))
    show(v.sel(x=0.8))
    show(v.sel(x=[0.1, 0.8]))
    show(v.sel(x=np.array([0.8, 0.2])))
    show(v.sel(x=xr.DataArray([0.1, 0.8], dims="place")))
    show(v.sel(x=xr.DataArray(0.4)))
    show(ds.sel(x=0.1).v)
    show(ds.sel(x=[0.4, 0.1]).v)
    for method in ["ffill", "pad", "bfill", "backfill", "nearest"]:
        show(v.sel(x=0.1, method=method))
        show(v.sel(x=[0.1, 0.8], method=method))
    show(v.sel(x=0.8, method="nearest", tolerance=0))
    show(v.sel(x=[0.1, 0.8], method="nearest", tolerance=0))
    # Bounds of slices are compared as they are: float32(0.4) is above 0.4.
    show(v.sel(x=slice(0.1, 0.8)))
    show(v.sel(x=slice(0.1, 0.4)))
    show(v.x.isin([0.1, 0.8]))
    show(v.x.isin([0.1, np.nan]))
    show(v.x.isin(np.arange(100) / 10))

whole = xr.DataArray([0.0, 1.0, 2.0, 3.0], dims="x", coords={"x": [0, 1, 2, 3]})
show(whole.sel(x=1.0))
show(whole.sel(x=[1.0, 3.0]))
for method in ["ffill", "bfill", "nearest"]:
    show(whole.sel(x=1.5, method=method))
show(whole.sel(x=slice(0.5, 2.5)))
double = whole.assign_coords(x=[0.0, 1.0, 2.0, np.nan])
show(double.sel(x=1))
show(double.sel(x=np.nan))
show(double.sel(x=[np.nan, 1]))
show(double.x.isin([1, np.nan]))


def refused(label):
    try:
        whole.sel(x=label)
        print(label, "found")
    except KeyError:
        print(label, "not there")


refused(1.5)
refused([0.5])
refused(np.nan)
refused(True)
refused(70000)
