import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
for name in ["stored", "deflated"]:
    ds = xr.open_zarr(f"{inputs}/zarr_{name}.zip")
    xr.Dataset({"part": ds.tas.isel(time=slice(5, 25), lon=[1, 4]), "mean": ds.tas.mean("time")}).to_netcdf(f"{output}/{name}.nc")
