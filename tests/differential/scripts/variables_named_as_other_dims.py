import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1] + "/odd", sys.argv[2]
ds = xr.open_dataset(inputs + "/other_dim.nc")
print(sorted(ds.coords), sorted(ds.data_vars), (ds * 2).x.values.tolist(), sorted(ds.v.coords))
for other in (xr.open_zarr(inputs + "/other_dim.zarr"), xr.open_dataset(inputs + "/other_dim_group.nc", group="a"),
              xr.open_dataset(inputs + "/other_dim_classic.nc"), xr.open_dataset(inputs + "/other_dim.nc", decode_cf=False),
              xr.open_dataset(inputs + "/other_dim.nc", decode_coords=False)):
    print(sorted(other.coords), sorted(other.data_vars), (other * 2).x.values.tolist())
for name, made in (("mean", ds.mean()), ("mean_x", ds.mean("x")), ("mean_y", ds.mean("y")), ("sum", ds + ds), ("where", ds.where(ds.v > 2)),
                   ("renamed", ds.rename(v="w"))):
    print(name, sorted(made.coords), sorted(made.data_vars))
    made.to_netcdf(output + "/" + name + ".nc")
picked = ds.isel(y=1)
print("picked", sorted(picked.coords), picked.x.item(), picked.v.values.tolist())
two = xr.open_dataset(inputs + "/other_dim_2.nc")
along = xr.concat([ds, two], "y")
print("concat", sorted(along.coords), along.x.values.tolist())
along.to_netcdf(output + "/concat.nc")
merged = xr.merge([ds, xr.Dataset({"w": (("y", "x"), np.ones((2, 3)))})])
print("merge", sorted(merged.coords), sorted(merged.data_vars))
made = xr.Dataset({"x": (("y",), np.array([1.0, 2.0])), "v": (("y", "x"), np.ones((2, 3)))})
print("made", sorted(made.coords), sorted(made.data_vars))
assigned = xr.Dataset({"v": (("y", "x"), np.ones((2, 3)))}).assign(x=(("y",), np.array([1.0, 2.0])))
print("assigned", sorted(assigned.coords), sorted(assigned.data_vars))
ds.to_zarr(output + "/copy.zarr")
ds[["v"]].to_netcdf(output + "/listed.nc")
