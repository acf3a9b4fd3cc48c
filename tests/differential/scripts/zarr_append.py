import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/sixhourly.nc")[["t2m", "u10"]]
store = output + "/grown.zarr"
# Chunks of 50 steps; the appended parts begin inside of chunks.
encoding = {"t2m": {"chunks": (50, 6, 4), "dtype": "int16", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32767},
            "u10": {"chunks": (50, 3, 8)}}
ds.isel(time=slice(0, 70)).to_zarr(store, mode="w", encoding=encoding)
ds.isel(time=slice(70, 75)).to_zarr(store, append_dim="time")
ds.isel(time=slice(75, 240)).to_zarr(store, mode="a", append_dim="time")
print(xr.open_zarr(store).t2m.mean("time").values[0, :3].round(3))
print(dict(xr.open_zarr(store).sizes))
