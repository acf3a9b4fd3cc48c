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
a, b, o = ds["v"], d2["v"], ds["w"]
n = ds[["v", "w", "fixed", "cnt"]]
n2 = d2[["v", "w", "fixed", "cnt"]]


def unaries(tag):
    for name, x in [("a", a), ("n", n)]:
        t = tag + " " + name + " "
        show(t + "neg", -x)
        show(t + "abs", abs(x))
        show(t + "round", x.round(1))
        show(t + "np.round", np.round(x, 1))
        show(t + "np.sqrt", np.sqrt(x))
        show(t + "np.abs", np.abs(x))
        show(t + "np.add num", np.add(x, 1))
        show(t + "np.maximum num", np.maximum(1, x))
        show(t + "np.isfinite", np.isfinite(x))
        show(t + "clip", x.clip(0, 1))
        show(t + "clip array", x.clip(min=o))
        show(t + "isnull", x.isnull())
        show(t + "notnull", x.notnull())
        show(t + "isin", x.isin([1.5]))
        show(t + "fillna", x.fillna(0))
        show(t + "fillna array", x.fillna(b))
        show(t + "where", x.where(x > 3))
        show(t + "where other", x.where(x > 3, 0))
        show(t + "where b", x.where(b > 3))
        show(t + "where drop", x.where(a > 3, drop=True))
        show(t + "astype", x.astype("float32"))
        show(t + "x+1", x + 1)
        show(t + "1-x", 1 - x)
        show(t + "x+o", x + o)
        show(t + "x+b", x + b)
        show(t + "b+x", b + x)
        show(t + "x>1", x > 1)
        show(t + "xr.where", xr.where(x > 3, x, 0))
        show(t + "xr.where 0", xr.where(x > 3, 0, x))
        show(t + "xr.where xb", xr.where(x > 3, x, b))
        show(t + "xr.where bx", xr.where(b > 3, b, x))
        show(t + "mean", x.mean("time"))
        show(t + "max all", x.max())
        show(t + "sum lat", x.sum("lat"))
        show(t + "cnt", x.count("time"))
        show(t + "groupby", x.groupby("time.month").mean())
        show(t + "groupby lab", x.groupby("lab").max())
        show(t + "resample", x.resample(time="QS").mean())
        show(t + "weighted", x.weighted(ds["fixed"]).mean("lat"))
        show(t + "weighted sum", x.weighted(ds["fixed"]).sum(("time", "lat")))
        show(t + "np.mean", np.mean(x))
        show(t + "anom", x.groupby("time.month") - x.groupby("time.month").mean())
    show(tag + "np.clip a", np.clip(a, 0, 1))
    show(tag + "np.add", np.add(a, b))
    show(tag + "np.add n", np.add(n, n2))
    show(tag + "np.add na", np.add(n, a))
    show(tag + "np.add an", np.add(b, n))
    show(tag + "n+n2", n + n2)
    show(tag + "n*a", n * a)
    show(tag + "a*n", a * n)
    show(tag + "dt", ds["time"].dt.month)


unaries("none")
for value in (True, False, "default"):
    with xr.set_options(keep_attrs=value):
        unaries(str(value))
xr.set_options(keep_attrs=True)
with xr.set_options(keep_attrs=False):
    show("inner", np.sqrt(a))
show("after", a + 1)
xr.set_options(keep_attrs="default")
show("default again", a + 1)
for k in (True, False):
    t = "given " + str(k)
    for name, x in [("a", a), ("n", n)]:
        show(t + name + "clip", x.clip(0, 1, keep_attrs=k))
        show(t + name + "isnull", x.isnull(keep_attrs=k))
        show(t + name + "notnull", x.notnull(keep_attrs=k))
        show(t + name + "astype", x.astype("f4", keep_attrs=k))
        show(t + name + "round", x.round(keep_attrs=k))
        show(t + name + "where", xr.where(x > 1, x, b, keep_attrs=k))
        show(t + name + "where0", xr.where(x > 1, 0, x, keep_attrs=k))
        show(t + name + "mean", x.mean("time", keep_attrs=k))
        show(t + name + "gb", x.groupby("time.month").mean(keep_attrs=k))
        show(t + name + "rs", x.resample(time="QS").mean(keep_attrs=k))
        show(t + name + "wm", x.weighted(ds["fixed"]).mean("lat", keep_attrs=k))


def double(z):
    return z * 2


def plus(y, z):
    return y + z


for opt in ("default", True, False):
    xr.set_options(keep_attrs=opt)
    for k in ("default", True, False, "drop", "override", "drop_conflicts"):
        for name, f, args in [("sqrt", np.sqrt, [a]), ("abs", abs, [a]), ("add", np.add, [a, b]), ("max", np.maximum, [a, o]), ("addn", np.add, [n, n2]), ("addna", np.add, [n, b]), ("absn", np.abs, [n]), ("double", double, [a]), ("plus", plus, [a, b]), ("clip", np.clip, [a, 0, 1]), ("where", np.where, [a > 3, a, b]), ("round", np.round, [a]), ("max3", np.maximum, [a, 3])]:
            t = "apply " + str(opt) + " " + str(k) + " " + name
            if k == "default":
                show(t, xr.apply_ufunc(f, *args))
            else:
                show(t, xr.apply_ufunc(f, *args, keep_attrs=k))
