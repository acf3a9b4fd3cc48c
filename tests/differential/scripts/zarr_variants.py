import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for name in ["none", "zlib", "gzip", "zstd", "blosc", "blosc_zstd", "fortran", "nested", "missing"]:
    ds = xr.open_zarr(f"{inputs}/zarr_{name}.zarr")
    result = xr.Dataset({"first": ds.tas.isel(time=slice(5, 25)), "mean": ds.tas.mean("time"), "n": ds.tas.count("time")})
    result.to_netcdf(f"{output}/{name}.nc")
