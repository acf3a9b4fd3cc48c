import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
mean = float(ds.pr.mean())
if mean > 100:
    print("much")
elif mean > 1:
    print("some", f"{mean:.6f}")
else:
    print("little")
for i, lat in enumerate(ds.lat.values):
    print(i, lat, f"{float(ds.pr.isel(lat=i).mean()):.6f}")
for name in ["tas", "pr"]:
    print(f"{name:>5}: {ds[name].attrs['units']!r} {int(ds[name].count())}")
print(int((ds.pr >= 0).all()), not float(ds.pr.max()) > 3)
