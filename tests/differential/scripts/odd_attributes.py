import sys

import xarray as xr

inputs, output = sys.argv[1] + "/odd", sys.argv[2]
ds = xr.open_dataset(inputs + "/odd_attributes.nc")
print(ds.ok.values.tolist(), sorted(ds.data_vars))
for name in ("ok", "nan_scale", "text_missing", "several_missing", "float_missing", "one_in_a_list", "numeric_units"):
    print(name, ds[name].dtype, ds[name].values.tolist())
for name in ("text_scale", "empty_offset", "no_number", "text_scale_float"):
    print(name, ds[name].dtype)
    try:
        print(ds[name].values.tolist())
    except Exception:
        print(name, "is refused")
    try:
        print(ds[name].mean().item())
    except Exception:
        print("the mean of", name, "is refused")
good = ds.drop_vars(["text_scale", "empty_offset", "no_number", "text_scale_float", "text_missing", "several_missing"])
good.sum().to_netcdf(output + "/sums.nc")
raw = xr.open_dataset(inputs + "/odd_attributes.nc", mask_and_scale=False)
print(raw.text_scale.values.tolist(), raw.text_scale.attrs["scale_factor"])
