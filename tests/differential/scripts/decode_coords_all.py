import sys

import xarray as xr

inputs, output = sys.argv[1] + "/odd", sys.argv[2]
ds = xr.open_dataset(inputs + "/related.nc", decode_coords="all")
print(sorted(ds.coords), sorted(ds.data_vars))
print(sorted(ds.v.attrs), sorted(ds.w.attrs), sorted(ds.u.attrs), sorted(ds.time.attrs))
print(sorted(ds.v.encoding["cell_measures"].split()), ds.v.encoding["grid_mapping"], ds.time.encoding["bounds"])
ds.v.to_netcdf(output + "/v.nc")
(ds * 2).to_netcdf(output + "/twice.nc")
(ds[["v"]] * 2).to_netcdf(output + "/twice_v.nc")
ds.mean("time").to_netcdf(output + "/mean.nc")
ds.v.mean("x").to_netcdf(output + "/mean_x.nc")
ds.max().to_netcdf(output + "/max.nc")
ds.groupby("time.day").mean("time").to_netcdf(output + "/days.nc")
ds.isel(time=[0, 2]).to_netcdf(output + "/picked.nc")
ds.to_netcdf(output + "/copy.nc")
ds.to_zarr(output + "/copy.zarr")
for other in ("coordinates", True, False):
    print(other, sorted(xr.open_dataset(inputs + "/related.nc", decode_coords=other).coords))
print(sorted(xr.open_zarr(inputs + "/related.zarr", decode_coords="all").coords))
many = xr.open_mfdataset([inputs + "/related.nc"], decode_coords="all")
print(sorted(many.coords), sorted(many.data_vars))
print(sorted(xr.open_dataset(inputs + "/related.nc", decode_coords="all", decode_times=False).coords))
print(sorted(xr.open_dataset(inputs + "/related.nc", decode_coords="all", decode_cf=False).coords))
