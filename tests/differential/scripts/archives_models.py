# times: exact
# Headers of more models and products, printed, reduced and copied to each kind of format.
import sys

import xarray as xr

inputs, output = sys.argv[1] + "/archives/", sys.argv[2] + "/"


def copy(ds, name, classic=True):
    ds.to_netcdf(output + name + ".nc")
    ds.to_zarr(output + name + ".zarr", mode="w")
    if classic:
        ds.to_netcdf(output + name + "_classic.nc", format="NETCDF3_64BIT")


for name in ("cesm", "icon", "mpas", "ecco", "fesom", "merra2", "hadisst", "berkeley", "twentieth", "cmems", "goes", "modis_l3"):
    ds = xr.open_dataset(inputs + name + (".nc4" if name == "merra2" else ".nc")).load()
    print(ds)
    copy(ds, name, name not in ("goes", "modis_l3", "mpas"))

for name in ("cesm", "ecco", "goes", "twentieth", "cmems", "mpas"):
    ds = xr.open_dataset(inputs + name + ".nc", decode_cf=False)
    ds.to_netcdf(output + name + "_raw.nc")
    print(ds.load())

argo = xr.open_dataset(inputs + "argo.nc", decode_cf=False)
print(argo.load())
argo = xr.open_dataset(inputs + "argo.nc")
print(argo.JULD.values, argo.TEMP.values, argo.CYCLE_NUMBER.values, argo.LATITUDE.values)
argo[["JULD", "TEMP", "CYCLE_NUMBER", "LATITUDE"]].to_netcdf(output + "argo.nc")

land = xr.open_dataset(inputs + "modis_land.h5", group="HDFEOS/GRIDS/MOD_Grid/Data Fields")
print(land.load())
copy(land, "modis_land", False)

cesm = xr.open_dataset(inputs + "cesm.nc")
weights = cesm.gw / cesm.gw.sum()
print((cesm["T"] * weights).sum("lat").mean("time").values)
cesm[["PS", "T", "gw"]].groupby("time.month").mean().to_netcdf(output + "cesm_months.nc")
goes = xr.open_dataset(inputs + "goes.nc")
goes.CMI.where(goes.DQF == 0).to_netcdf(output + "goes_good.nc")
icon = xr.open_dataset(inputs + "icon.nc")
icon.ta.mean("ncells").to_netcdf(output + "icon_mean.nc")
