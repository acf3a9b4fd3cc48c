# Functions that read files and give arrays, and a pipeline after them.
import dask
import xarray as xr


def summary(path, factor):
    part = xr.open_dataset(path).t2m
    total = 0.0
    for i in range(40000):
        total = (total + i * factor) % 1000003.0
    return float(part.mean()) + total, part.max("time").values


results = dask.compute(*[dask.delayed(summary)(f"parts/part_{i:02d}.nc", i + 1) for i in range(12)])
print(f"{sum(mean for mean, _ in results):.17g}")
highest = xr.concat([xr.DataArray(field, dims=["latitude", "longitude"]) for _, field in results], "part")
highest.to_dataset(name="t2m").to_netcdf("out/highest.nc")
ds = xr.open_dataset("input.nc", chunks={"time": 25})
(ds.t2m.mean("time") - highest.max("part")).to_dataset(name="below").to_zarr("out/below.zarr", mode="w")
