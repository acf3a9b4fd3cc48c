import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/contiguous.nc")
xr.Dataset({"sum": ds.a + ds.big, "mean": ds.b.mean(["lat", "lon"]), "part": ds.big.isel(time=slice(3, 40, 7))}).to_netcdf(
    output + "/contiguous.nc"
)
