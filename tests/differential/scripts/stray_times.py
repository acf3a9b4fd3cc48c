import sys

import xarray as xr

inputs = sys.argv[1] + "/odd"
ds = xr.open_dataset(inputs + "/stray_times.nc")
print(ds.ok.values.tolist(), sorted(ds.data_vars))
for name in ("floats", "whole", "lasting"):
    try:
        print(ds[name].values.tolist())
    except Exception:
        print(name, "is refused")
for name in ("stray_index", "empty_calendar"):
    try:
        print(xr.open_dataset(inputs + "/" + name + ".nc").time.values)
    except Exception:
        print(name, "is refused")
raw = xr.open_dataset(inputs + "/stray_times.nc", decode_times=False)
print(raw.floats.values.tolist(), raw.lasting.values.tolist())
print(xr.open_dataset(inputs + "/related.nc").time.values.tolist(), xr.open_dataset(inputs + "/related.nc").time[1].item())
