import sys

import numcodecs
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc").isel(time=slice(0, 60))
encoding = {
    "t2m": {"chunks": (20, 6, 8), "compressor": numcodecs.Zstd(level=5), "filters": [numcodecs.Delta(dtype="<i4")],
            "dtype": "int32", "scale_factor": 0.001, "add_offset": 250.0, "_FillValue": -2147483647},
    "u10": {"compressor": None, "chunks": (60, 2, 2)},
    "v10": {"compressor": numcodecs.Blosc(cname="zstd", clevel=3, shuffle=2), "_FillValue": -999.0},
}
ds.to_zarr(output + "/encoded.zarr", mode="w", encoding=encoding)
ds.to_zarr(output + "/plain.zarr", mode="w-", consolidated=False)
