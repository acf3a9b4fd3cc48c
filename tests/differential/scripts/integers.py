import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/integers.nc")
for name in ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]:
    x = ds[name]
    xr.Dataset(
        {
            "sum": x.sum("x"), "mean": x.mean("x"), "max": x.max(), "twice": x * 2, "half": x / 2, "square": x * x,
            "add": x + ds.i4, "std": x.std("x"), "floor": x // 7, "positive": x > 3, "prod": (x % 3).prod("y"),
        }
    ).to_netcdf(f"{output}/{name}.nc")
