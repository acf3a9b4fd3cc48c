import sys

import xarray as xr

inputs, output = sys.argv[1] + "/odd", sys.argv[2]
ds = xr.open_dataset(inputs + "/text_encodings.nc")
for name in ds.data_vars:
    print(name, ds[name].values.tolist(), ds[name].encoding["_Encoding"])
print((ds.s0 == "M\u00fc\u00df").values.tolist(), (ds.s0 == ds.s3).values.tolist(), (ds.euro == "\u20ac \u2013 \u0153").item())
ds.to_netcdf(output + "/copy.nc")
back = xr.open_dataset(output + "/copy.nc")
for name in back.data_vars:
    print(name, back[name].values.tolist())
ds.to_zarr(output + "/copy.zarr")
store = xr.open_zarr(output + "/copy.zarr")
for name in store.data_vars:
    print(name, store[name].values.tolist())
odd = xr.open_dataset(inputs + "/unknown_encodings.nc")
print(odd.ok.values.tolist())
raw = xr.open_dataset(inputs + "/unknown_encodings.nc", decode_cf=False)
print(raw.foreign.attrs["_Encoding"], raw.ok.values.tolist())
for name in ("foreign", "broken", "beyond"):
    try:
        print(odd[name].values.tolist())
    except Exception:
        print(name, "is refused")
