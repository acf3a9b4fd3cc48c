# times: exact
# Headers of archives and models, printed and copied to each kind of format.
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]


def copy(ds, name, classic=True):
    ds.to_netcdf(output + "/" + name + ".nc")
    ds.drop_vars("filled", errors="ignore").to_zarr(output + "/" + name + ".zarr", mode="w")
    if classic:
        ds.to_netcdf(output + "/" + name + "_classic.nc", format="NETCDF3_64BIT")


for name in ("cmip6", "cmip6_type", "era5_NETCDF3_64BIT_OFFSET", "era5_NETCDF4", "wrf_NETCDF3_64BIT_OFFSET", "wrf_NETCDF4", "roms",
             "nemo", "ghrsst", "oisst", "ensemble", "cf", "empty_NETCDF3_CLASSIC", "empty_NETCDF4", "chars_NETCDF3_CLASSIC",
             "chars_NETCDF4"):
    ds = xr.open_dataset(inputs + "/archives/" + name + ".nc").load()
    print(ds.drop_vars("filled", errors="ignore"))  # a char array with a fill value: objects in NumPy
    print(ds.isel({d: 0 for d in list(ds.dims) if ds.sizes[d] > 1}).drop_vars("filled", errors="ignore"))
    copy(ds, name, name != "cf")  # cf has numbers that the classic model cannot hold

for path, group in (("imerg.HDF5", "Grid"), ("eos.he5", "HDFEOS/SWATHS/O3/Data Fields"), ("groups.nc", None), ("groups.nc", "PRODUCT"),
                    ("groups.nc", "PRODUCT/SUPPORT/GEO")):
    ds = xr.open_dataset(inputs + "/archives/" + path, group=group).load()
    print(ds)
    copy(ds, path.split(".")[0] + "_" + str(group).replace("/", "_").replace(" ", "_"))

ds = xr.open_dataset(inputs + "/archives/era5_grib.nc")
print(ds.u10.mean("valid_time").values)
copy(ds, "era5_grib", False)

ds = xr.open_dataset(inputs + "/archives/wrf_NETCDF4.nc")
print([t.decode() for t in ds.Times.values], ds.Times[1].item().decode("utf-8"))

ds = xr.open_dataset(inputs + "/archives/times.nc").load()
print(ds)
for name in list(ds.data_vars):
    print(ds[name])
ds.to_netcdf(output + "/times.nc")
ds.to_zarr(output + "/times.zarr", mode="w")

for name in ("wrf_NETCDF4", "chars_NETCDF4", "cmip6", "era5_NETCDF4", "times"):
    ds = xr.open_dataset(inputs + "/archives/" + name + ".nc", decode_cf=False).drop_vars("filled", errors="ignore")
    ds.to_netcdf(output + "/" + name + "_raw.nc")
    ds.to_zarr(output + "/" + name + "_raw.zarr", mode="w")
    print(ds.load())

ds = xr.open_zarr(inputs + "/archives/cloud.zarr").load()
del ds.attrs["list"]  # a list in JSON, an array in NetCDF
print(ds.drop_vars("durations"))
ds.drop_vars(["instants", "durations"]).to_netcdf(output + "/cloud.nc")
ds.drop_vars(["instants", "durations"]).to_zarr(output + "/cloud.zarr", mode="w")
