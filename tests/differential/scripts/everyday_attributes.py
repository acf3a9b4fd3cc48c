import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
# What stands in the file's attributes reads like a Python attribute.
print(ds.tas.units, ds.title, ds.tas.units.upper(), ds.height.units)
label = f"{ds.tas.name} ({ds.tas.units})"
print(label, len(ds.title.split()))
# A dataset keeps its attributes beside a number, its variables do not; beside another dataset neither does.
celsius = ds[["tas"]] - 273.15
print(celsius.attrs, celsius.tas.attrs)
print((2 * ds[["tas"]]).attrs, (ds[["tas"]] - ds[["tas"]].mean()).attrs, (ds[["tas"]] - ds.tas).attrs)
celsius.mean("time").to_netcdf(output + "/celsius.nc")
