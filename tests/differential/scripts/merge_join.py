import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
a = xr.Dataset({"v": (("t", "x"), [[1.0, 2.0], [3.0, 4.0]])}, coords={"t": [1, 2], "x": [1, 2]})
for labels in [[7, 8], [2, 8], [1, 2]]:
    b = a.assign_coords(t=labels).rename({"v": "w"})
    for join in ["inner", "outer", "left"]:
        both = xr.merge([a, b], join=join)
        print(labels, join, both.t.values, both.v.values.tolist(), both.w.values.tolist())
        both.to_netcdf(output + "/" + join + str(labels[0]) + ".nc")
try:
    xr.merge([a, a.assign_coords(t=[2, 3]).rename({"v": "w"})], join="exact")
except ValueError:
    print("not the same labels")
