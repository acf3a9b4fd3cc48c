import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
def scaled(field, factor=2.0, offset=0.0):
    """Twice the field, unless told otherwise."""
    if factor == 1:
        return field
    return field * factor + offset


ds = xr.open_dataset(inputs + "/daily.nc")
fields = [scaled(ds.pr, factor=f, offset=-f) for f in range(1, 4) if f != 2]
half = lambda x: x / 2
total = half(fields[0])
for extra in fields[1:]:
    total += half(extra)
total.mean("time").to_netcdf(output + "/total.nc")
names = [f"{a}-{b}" for a, b in zip(["x", "y"], (1, 2))]
print(names, len(fields), [n * n for n in range(5)])
