import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
x = xr.DataArray([1.0, 2.5, -4.0], dims=["x"], coords={"x": [10, 20, 30]}, name="x_values", attrs={"units": "m"})
y = xr.DataArray([[1, 2], [3, 4]], dims=("a", "b"))
ds = xr.Dataset({"x_values": x, "y": y, "sum": x + y})
ds.attrs["title"] = "made in the script"
ds.to_netcdf(output + "/made.nc")
print(ds.sizes["a"], float(x.sum()), int(y.max()))
