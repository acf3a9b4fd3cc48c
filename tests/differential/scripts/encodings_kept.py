import sys

import numpy as np
import xarray as xr

output = sys.argv[2]


def make(path, units, title):
    days = np.arange(8) * 30 + 14
    xr.Dataset(
        {
            "v": (("time", "lat"), np.arange(24.0).reshape(8, 3) + 0.5, {"units": units, "long_name": "v"}),
            "w": (("time", "lat"), np.arange(24.0).reshape(8, 3) - 4, {"units": "m", "note": "w"}),
            "fixed": (("lat",), np.array([1.0, 2.0, 3.0]), {"units": "1"}),
            "cnt": (("lat",), np.array([1, 2, 3]), {"units": "1"}),
            "tb": (("time", "bnds"), np.arange(16).reshape(8, 2)),
        },
        coords={
            "time": ("time", days, {"axis": "T", "bounds": "tb", "units": "days since 2000-01-01"}),
            "lat": ("lat", np.array([1.0, 2.0, 3.0]), {"units": "deg" + units}),
            "lab": ("time", ["a", "b", "a", "b", "a", "b", "a", "b"], {"n": "l"}),
            "lev": ((), 5.0, {"units": "Pa"}),
        },
        attrs={"title": title},
    ).to_netcdf(path, unlimited_dims=["time"], encoding={"v": {"zlib": True, "_FillValue": -9.0, "chunksizes": (1, 3)}})


def words(attributes):
    return " ".join([key + "=" + str(attributes[key]) for key in sorted(attributes.keys()) if key != "history"])


def written_as(encoding):
    return " ".join([key for key in ("dtype", "zlib", "_FillValue", "units", "coordinates") if key in encoding])


def show(label, x):
    print("==", label)
    if hasattr(x, "data_vars"):
        unlimited = x.encoding.get("unlimited_dims")
        print("  dataset", words(x.attrs), "|", None if unlimited is None else sorted(unlimited), "|", "source" in x.encoding)
        for name in sorted(x.data_vars.keys()):
            print("  variable", name, x[name].dims, "|", words(x[name].attrs), "|", written_as(x[name].encoding))
    else:
        print("  array", x.name, x.dims, "|", words(x.attrs), "|", written_as(x.encoding))
    for name in sorted(x.coords.keys()):
        print("  coord", name, x.coords[name].dims, "|", words(x.coords[name].attrs), "|", written_as(x.coords[name].encoding))


make(output + "/in.nc", "K", "x")
make(output + "/in2.nc", "C", "y")
ds = xr.open_dataset(output + "/in.nc")
d2 = xr.open_dataset(output + "/in2.nc")
a = ds["v"]
show("ds", ds)
show("in2", d2)
show("isel", ds.isel(time=slice(0, 4)))
show("isel scalar", ds.isel(time=0))
show("isel arr", ds.isel(time=[0, 2]))
show("sel", ds.sel(lat=[1.0, 2.0]))
show("sel near", ds.sel(lat=1.2, method="nearest"))
show("sortby", ds.sortby("lat", ascending=False))
show("rename", ds.rename({"v": "q"}))
show("rename dim", ds.rename({"time": "t"}))
show("rename_vars", ds.rename_vars({"v": "q"}))
show("transpose", ds.transpose("lat", ...))
show("assign", ds.assign(k=ds["v"] * 2))
show("assign existing", ds.assign(v=ds["w"]))
show("assign_coords", ds.assign_coords(lat=[4.0, 5.0, 6.0]))
show("assign_coords scalar", ds.assign_coords(k=1))
show("drop", ds.drop_vars("v"))
show("list", ds[["v"]])
show("list2", ds[["v", "fixed"]])
show("set_coords", ds.set_coords("fixed"))
show("expand", ds.isel(time=0).expand_dims("time"))
show("expand2", ds.expand_dims(z=[1, 2]))
show("squeeze", ds.isel(time=slice(0, 1)).squeeze())
show("chunk", ds.chunk({"time": 2}))
show("copy", ds.copy())
show("copy deep", ds.copy(deep=True))
show("load", ds.load())
show("compute", ds.compute())
show("persist", ds.persist())
show("merge", ds[["v"]].merge(ds[["w"]]))
show("xr.merge", xr.merge([ds[["v"]], ds[["w"]]]))
show("concat", xr.concat([ds[["v"]], d2[["v"]]], "lat"))
show("concat time", xr.concat([ds, ds], "time"))
show("to_dataset", a.to_dataset())
show("to_dataset name", a.to_dataset(name="z"))
show("assign_attrs", ds.assign_attrs(p=1))
show("zeros_like", xr.zeros_like(ds[["v", "w"]]))
show("full_like", xr.full_like(a, 1))
show("where", ds[["v", "w"]].where(a > 2))
show("fillna", ds[["v", "w"]].fillna(0))
show("swap", ds.swap_dims({"time": "lab"}))
show("mean", ds.mean("lat"))
show("mean t", ds.mean("time"))
show("max keep", ds[["v", "fixed", "cnt"]].max("time", keep_attrs=True))
show("mean all", ds.mean())
show("mean none", ds[["v", "fixed"]].mean(()))
show("sum bnds", ds.sum("bnds"))
show("count", ds.count("lat"))
show("any", (ds[["v", "fixed", "cnt"]] > 3).any("lat"))
show("gb", ds.groupby("time.month").mean())
show("gb lat", ds.groupby("time.month").max(["time", "lat"]))
show("rs", ds.resample(time="QS").mean())
show("rs max keep", ds[["v", "fixed"]].resample(time="QS").max(keep_attrs=True))
show("gb std", ds[["v", "fixed", "cnt"]].groupby("time.month").std())
show("ds*2", ds[["v", "fixed", "cnt"]] * 2)
show("ds+ds", ds[["v", "fixed"]] + ds[["v", "fixed"]])
show("pipe", ds[["v"]].pipe(lambda x: x * 2))
show("da mean keep", a.mean("lat", keep_attrs=True))
show("da none", a.mean(()))
show("reset_coords", a.reset_coords(drop=True))
show("broadcast", ds["fixed"].broadcast_like(a))
show("a.rename", a.rename("x"))
show("a.T", a.T)
show("a.astype", a.astype("f4"))
show("a.sel", a.sel(lat=1.0))
show("a.chunk", a.chunk({"time": 2}))
show("a.copy", a.copy())
show("a.expand", a.expand_dims("z"))
show("a.sortby", a.sortby("lat"))
show("a.squeeze", a.isel(time=[0]).squeeze())
show("a.assign_coords", a.assign_coords(k=2))
show("a.swap", a.swap_dims({"time": "lab"}))
show("a.dt", ds["time"].dt.year)
show("concat a", xr.concat([a, a], "time"))
show("a.weighted", a.weighted(ds["fixed"]).mean())
show("time", ds["time"])
ds["new"] = a * 2
show("set item", ds)
b = a.copy()
b.attrs["q"] = 1
ds["v"] = b
show("set item2", ds)
del ds["new"]
show("del", ds)
for key, part in ds.groupby("time.month"):
    show("group " + str(key), part)
    break
mf = xr.open_mfdataset(output + "/in.nc")
show("mf", mf)
print(ds.encoding["unlimited_dims"] == {"time"}, d2.encoding.get("unlimited_dims"))
for name in ("v", "fixed", "cnt", "lab", "time"):
    e = xr.open_dataset(output + "/in.nc")[name].encoding
    print(name, e["chunksizes"], e["original_shape"], e["dtype"], e["contiguous"], e.get("_FillValue"))
e = ds["cnt"].encoding
print(e["dtype"] == "int64", e["dtype"] == np.dtype("int64"), e["dtype"] == np.float32, ds["lab"].encoding["dtype"] == str)
fresh = xr.open_dataset(output + "/in.nc")
fresh.resample(time="Q-NOV").mean().to_netcdf(output + "/resampled.nc")
fresh.mean("lat").to_netcdf(output + "/mean.nc")
(fresh[["v"]] * 2).to_netcdf(output + "/twice.nc")
(fresh[["v"]] + fresh[["v"]]).to_netcdf(output + "/added.nc")
fresh["v"].to_netcdf(output + "/array.nc")
fresh["v"].to_netcdf(output + "/array_unlimited.nc", unlimited_dims="time")
fresh.encoding["unlimited_dims"] = {"lat"}
fresh[["fixed", "cnt"]].to_netcdf(output + "/other.nc")
fresh.encoding["unlimited_dims"] = []
fresh.to_netcdf(output + "/none.nc")
