# An attribute that is a list is the script's own list until it is written.
import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
levels, of_set, given = [1, 2], ["a"], [5.0]
x = xr.DataArray(np.arange(3.0), dims="t", attrs={"levels": levels})
ds = xr.Dataset({"x": x, "y": ("t", np.arange(3))}, attrs={"names": of_set})
ds["z"] = x * 2
ds["z"].attrs["given"] = given
ds["w"] = x
levels.append(3)
of_set.append("b")
given.append(6.0)
print(x.attrs, ds.attrs, ds.x.attrs, ds.w.attrs, ds.z.attrs)
ds.to_netcdf(output + "/lists.nc")
