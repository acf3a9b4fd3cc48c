"""written_truth.py --rankine RANKINE --mpirun MPIRUN --work FOLDER

What is written is what a reader finds, also where xarray 2023.01 silently loses something. Each case is a script; what it
prints and how it ends is compared with what is right, and the outputs are read by xarray itself.
"""
import argparse
import os
import shutil
import subprocess
import sys

import netCDF4
import numpy as np
import xarray as xr

HEAD = """import numpy as np
import xarray as xr
def tried(name, write):
    try:
        write()
        print(name, "is written")
    except Exception as error:
        print(name, "is refused:", error)
def times(path):
    o = xr.open_zarr(path) if path.endswith("zarr") else xr.open_dataset(path)
    print([str(t)[:19] for t in o.time.values], o.time.encoding["units"], o.time.encoding["dtype"])
"""
FOUR = "['2000-01-01T00:00:00', '2000-01-02T00:00:00', '2000-01-05T06:00:00', '2000-01-05T12:00:00']"
CASES = {}


def case(script):
    """Of a function that looks at the outputs and gives the lines that are right."""
    def take(check):
        CASES[check.__name__] = (script, check)
        return check
    return take


def make_inputs():
    def times_file(name, units, times, kind="i4", bounds=None):
        with netCDF4.Dataset(name, "w") as f:
            f.createDimension("time", None)
            f.createDimension("nv", 2)
            time = f.createVariable("time", kind, ("time",))
            time.units = units
            time[:] = times
            f.createVariable("v", "f4", ("time",))[:] = np.arange(len(times))
            if bounds is not None:
                time.bounds = "time_bnds"
                f.createVariable("time_bnds", kind, ("time", "nv"))[:] = bounds

    times_file("days.nc", "days since 2000-01-01", [0, 1])
    times_file("hours.nc", "hours since 2000-01-05", [6, 12])
    times_file("days_bnds.nc", "days since 2000-01-01", [0, 1], bounds=[[0, 1], [1, 2]])
    times_file("hours_bnds.nc", "hours since 2000-01-05", [6, 12], bounds=[[6, 12], [12, 18]])
    times_file("float_days.nc", "days since 2000-01-01", [0, 1], kind="f4")
    times_file("odd_minutes.nc", "minutes since 2020-05-05", [7, 8])
    times_file("uint_days.nc", "days since 2000-01-01", [0, 1], kind="u4")
    times_file("earlier.nc", "days since 1999-01-01", [0, 1])
    with netCDF4.Dataset("waits.nc", "w") as f:
        f.createDimension("x", 2)
        wait = f.createVariable("wait", "i2", ("x",))
        wait.units = "days"
        wait[:] = [1, 2]
    with netCDF4.Dataset("empty.nc", "w") as f:
        f.createDimension("time", None)
        f.createDimension("x", 3)
        f.createVariable("v", "f4", ("time", "x"))
    with netCDF4.Dataset("odd_missing.nc", "w") as f:
        f.createDimension("x", 3)
        v = f.createVariable("v", "i2", ("x",))
        v.missing_value = np.int32(99999)
        v[:] = [1, -31073, 3]
    with netCDF4.Dataset("unsigned.nc", "w", format="NETCDF3_CLASSIC") as f:
        f.createDimension("x", 4)
        v = f.createVariable("v", "i1", ("x",), fill_value=-1)
        v._Unsigned = "true"
        v.set_auto_maskandscale(False)
        v[:] = [0, 100, -56, -1]


@case("""
ds = xr.open_mfdataset(["days.nc", "hours.nc"], combine="nested", concat_dim="time")
ds.to_netcdf("nested.nc")
ds.to_zarr("nested.zarr", mode="w")
a, b = xr.open_dataset("days.nc"), xr.open_dataset("hours.nc")
xr.concat([a, b], dim="time").to_netcdf("concat3.nc", format="NETCDF3_64BIT")
xr.merge([a.rename({"v": "w"}), b]).to_netcdf("merge.nc")
for name in ["nested.nc", "nested.zarr", "concat3.nc", "merge.nc"]:
    times(name)
xr.open_mfdataset(["days_bnds.nc", "hours_bnds.nc"], combine="nested", concat_dim="time").to_netcdf("bnds.nc")
times("bnds.nc")
xr.concat([xr.open_dataset("float_days.nc"), xr.open_dataset("odd_minutes.nc")], dim="time").to_netcdf("floats.nc")
times("floats.nc")
xr.concat([xr.open_dataset("uint_days.nc"), xr.open_dataset("earlier.nc")], dim="time").to_netcdf("uints.nc")
times("uints.nc")
w = xr.open_dataset("waits.nc")
(w.wait + np.timedelta64(1, "h")).to_dataset(name="wait").to_netcdf("free.nc")
later = w.wait + np.timedelta64(1, "h")
later.encoding = {"dtype": "int16", "units": "days"}
later.to_dataset(name="wait").to_netcdf("waits_out.nc")
o = xr.open_dataset("waits_out.nc")
print(o.wait.values.astype("int64") // 3600000000000, o.wait.encoding["units"])
""")
def times_that_came_with_an_encoding_that_would_lose_them():
    bounds = xr.open_dataset("bnds.nc", decode_times=False)
    assert "units" not in bounds.time_bnds.attrs and bounds.time_bnds.values.tolist() == [[0, 24], [24, 48], [102, 108], [108, 114]]
    back = xr.open_dataset("bnds.nc")
    assert str(back.time_bnds.values[2, 1]) == "2000-01-05T12:00:00.000000000"
    return [*4 * [FOUR + " hours since 2000-01-01 int32"], FOUR + " hours since 2000-01-01 int32",
            "['2000-01-01T00:00:00', '2000-01-02T00:00:00', '2020-05-05T00:07:00', '2020-05-05T00:08:00'] days since 2000-01-01 float64",
            "['2000-01-01T00:00:00', '2000-01-02T00:00:00', '1999-01-01T00:00:00', '1999-01-02T00:00:00'] days since 2000-01-01 int64",
            "[25 49] hours"]


@case("""
a, b = xr.open_dataset("days.nc"), xr.open_dataset("hours.nc")
c = xr.concat([a, b], dim="time")
for kind in ["int32", "int64"]:
    tried(kind, lambda: c.to_netcdf("no.nc", encoding={"time": {"units": "days since 2000-01-01", "dtype": kind}}))
    tried(kind, lambda: c.to_zarr("no.zarr", mode="w", encoding={"time": {"units": "days since 2000-01-01", "dtype": kind}}))
tried("uint16", lambda: c.to_netcdf("no.nc", encoding={"time": {"units": "days since 2001-01-01", "dtype": "uint16"}}))
a.to_zarr("days.zarr", mode="w")
tried("append", lambda: b.to_zarr("days.zarr", append_dim="time"))
tried("region", lambda: b.to_zarr("days.zarr", region={"time": slice(0, 2)}))
times("days.zarr")
c.to_netcdf("floats_asked.nc", encoding={"time": {"units": "days since 2000-01-01", "dtype": "float64"}})
times("floats_asked.nc")
""")
def times_that_an_encoding_which_stands_would_lose():
    assert not os.path.exists("no.nc") and not os.path.exists("no.zarr")
    assert xr.open_zarr("days.zarr").v.values.tolist() == [0, 1]
    end = "; give finer units, such as 'hours since ...', or another dtype in its encoding"
    lost = "is refused: cannot write variable 'time': 'days since 2000-01-01' as {}, its encoding, does not hold 2000-01-05T06:00:00" + end
    there = ("is refused: cannot write variable 'time': 'days since 2000-01-01' as int32, which the store has, does not hold "
             "2000-01-05T06:00:00; write a new store, with finer units in encoding=")
    return ["int32 " + lost.format("int32"), "int32 " + lost.format("int32"), "int64 " + lost.format("int64"), "int64 " + lost.format("int64"),
            "uint16 is refused: cannot write variable 'time': 'days since 2001-01-01' as uint16, its encoding, does not hold "
            "2000-01-01T00:00:00" + end, "append " + there, "region " + there,
            "['2000-01-01T00:00:00', '2000-01-02T00:00:00'] days since 2000-01-01 int32", FOUR + " days since 2000-01-01 float64"]


@case("""
a = xr.Dataset({"v": ("time", [1.0, 2.5])}, coords={"time": [0, 1], "x": [5, 6]})
b = xr.Dataset({"v": ("time", [3.0, 4.0]), "w": ("time", [3.0, 4.0]), "grid": (("x", "time"), [[1.0, 2.0], [3.0, 4.0]]),
                "n": ("time", np.array([7, 8], dtype="int32"))},
               coords={"time": [2, 3], "x": [5, 6], "season": ("time", ["DJF", "MAM"])})
a.to_zarr("new.zarr", mode="w")
tried("integers", lambda: b.to_zarr("new.zarr", append_dim="time"))
tried("the rest", lambda: b.to_zarr("new.zarr", append_dim="time", encoding={"n": {"_FillValue": -9}}))
o = xr.open_zarr("new.zarr")
print(o.v.values, o.w.values, o.n.values, o.season.values.tolist())
print(o.grid.values.tolist())
tried("what is lacking", lambda: a.isel(x=[0, 1]).to_zarr("new.zarr", append_dim="time"))
print(xr.open_zarr("new.zarr").sizes["time"])
t = xr.Dataset({"v": ("time", [5.0])}, coords={"time": [9]})
a.to_zarr("v3.zarr", mode="w", zarr_format=3)
tried("v3", lambda: b.drop_vars(["n"]).to_zarr("v3.zarr", append_dim="time"))
print(xr.open_zarr("v3.zarr").w.values)
""")
def variables_that_are_new_or_lacking_in_what_is_appended():
    with xr.open_zarr("new.zarr") as o:
        np.testing.assert_array_equal(o.w.values, [np.nan, np.nan, 3, 4])
        np.testing.assert_array_equal(o.grid.values, [[np.nan, np.nan, 1, 2], [np.nan, np.nan, 3, 4]])
        assert o.season.values.tolist() == ["", "", "DJF", "MAM"]
    return ["integers is refused: cannot write variable 'n' into the existing store: it is new there, so that its first 2 values along "
            "'time' are missing, and int32 has no NaN; give it a _FillValue in encoding=, or write it to the store from the beginning",
            "the rest is written", "[1.  2.5 3.  4. ] [nan nan  3.  4.] [nan nan  7.  8.] ['', '', 'DJF', 'MAM']",
            "[[nan, nan, 1.0, 2.0], [nan, nan, 3.0, 4.0]]",
            f"what is lacking is refused: cannot append to {os.getcwd()}/new.zarr along 'time': the store also has 'grid', 'n', 'season', "
            "'w' along it, which the dataset lacks; they would stay shorter than the rest, and the store could not be opened. "
            "Give the dataset values for them (NaN where there are none)", "4", "v3 is written", "[nan nan  3.  4.]"]


@case("""
xr.open_dataset("empty.nc").mean("x").to_netcdf("e1.nc")
none = xr.Dataset({"a": ("x", np.zeros(0)), "i": (("x", "y"), np.zeros((0, 3), dtype="int16")), "s": ("x", np.array(["a", "b"])[:0]),
                   "z": ((), 1.5)}, coords={"y": [1, 2, 3]})
for name in ["NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_64BIT"]:
    none.drop_vars(["s"]).to_netcdf("e_" + name + ".nc", format=name)
    print(xr.open_dataset("e_" + name + ".nc").sizes["x"])
ds = xr.Dataset({"v": (("t", "x"), [[1.0, 2.0], [3.0, 4.0]])}, coords={"t": [1, 2], "x": [1, 2]})
ds.isel(t=slice(5, 9)).to_netcdf("e2.nc")
ds.where(ds.t > 5, drop=True).to_netcdf("e3.nc")
xr.merge([ds, ds.assign_coords(t=[7, 8]).rename({"v": "w"})], join="inner").to_netcdf("e4.nc", encoding={"v": {"contiguous": True}})
two = xr.Dataset({"v": (("t", "x"), np.zeros((0, 0)))})
two.to_netcdf("e5.nc")
d = xr.Dataset({"v": ("time", np.zeros(0))}, coords={"time": xr.open_dataset("days.nc").time.values[:0]})
d.to_netcdf("e6.nc")
flat = xr.Dataset({"v": (("t", "x"), np.zeros((2, 0))), "r": (("t", "y"), np.ones((2, 3)))}, coords={"t": [1, 2]})
flat.to_netcdf("e7.nc", unlimited_dims=["t"])
for name in ["e1", "e2", "e3", "e4", "e5", "e6", "e7"]:
    print(dict(xr.open_dataset(name + ".nc").sizes))
""")
def dims_without_elements():
    for name in ("e1", "e2", "e3", "e4", "e5", "e6", "e7", "e_NETCDF4", "e_NETCDF4_CLASSIC"):
        with xr.open_dataset(name + ".nc") as o:
            assert 0 in o.sizes.values()
            o.load()
    return ["0", "0", "0", "{'time': 0}", "{'t': 0, 'x': 2}", "{'t': 0, 'x': 2}", "{'t': 0, 'x': 2}", "{'t': 0, 'x': 0}", "{'time': 0}", "{'t': 2, 'x': 0, 'y': 3}"]


@case("""
a = xr.Dataset({"v": ("x", [1.0])}, coords={"x": [0]})
def with_attribute(value, where):
    b = a.copy()
    if where == "ds":
        b.attrs["flag"] = value
    else:
        b[where].attrs["flag"] = value
    return b
for where in ["ds", "v", "x"]:
    tried("None of " + where, lambda: with_attribute(None, where).to_netcdf("n.nc"))
tried("nested", lambda: with_attribute([[1, 2], [3, 4]], "ds").to_netcdf("n.nc"))
tried("bool", lambda: with_attribute(True, "ds").to_netcdf("n.nc"))
tried("date", lambda: with_attribute(np.datetime64("2000-01-01"), "ds").to_netcdf("n.nc"))
with_attribute(True, "ds").to_netcdf("b3.nc", format="NETCDF3_64BIT")
b = with_attribute(None, "ds")
b.attrs["nested"] = [[1, 2], [3, 4]]
b.attrs["yes"] = True
b.attrs["no"] = [False, True]
b.to_zarr("attributes.zarr", mode="w")
o = xr.open_zarr("attributes.zarr").attrs
print(o["flag"], o["yes"], o["nested"].tolist())
""")
def attributes_that_no_file_holds():
    assert not os.path.exists("n.nc")
    back = xr.open_zarr("attributes.zarr").attrs
    assert {k: v for k, v in back.items() if k != "history"} == {"flag": None, "nested": [[1, 2], [3, 4]], "yes": True, "no": [False, True]}
    flag = xr.open_dataset("b3.nc").attrs["flag"]
    assert flag == 1 and flag.dtype == np.int8
    types = "For serialization to netCDF files, its value must be of one of the following types: str, Number, ndarray, number, list, tuple"
    none = f"is refused: Invalid value for attr 'flag': None. {types}"
    return ["None of ds " + none, f"None of v {none} (of variable 'v')", f"None of x {none} (of variable 'x')",
            "nested is refused: multi-dimensional array attributes not supported: 'flag' has shape (2, 2)",
            "bool is refused: illegal data type for attribute 'flag', must be one of i1, u1, i2, u2, i4, u4, i8, u8, f4, f8 or text, got b1; "
            "write int(...) of it",
            f"date is refused: Invalid value for attr 'flag': numpy.datetime64('2000-01-01T00:00:00.000000000'). {types}", "None True [[1, 2], [3, 4]]"]


@case("""
f = xr.Dataset({"v": ("x", np.array([0.0, 1.0, np.nan]))})
for store in ["nc", "zarr"]:
    def write(ds, encoding):
        if store == "nc":
            ds.to_netcdf("fill.nc", encoding=encoding)
        else:
            ds.to_zarr("fill.zarr", mode="w", encoding=encoding)
    for kind, number in [("int8", np.nan), ("uint8", -1), ("int16", 99999), ("uint16", 0.5), ("int32", 1e20), ("uint32", -1),
                         ("int64", np.inf), ("uint64", -1), ("float32", 1e40)]:
        for key in ["_FillValue", "missing_value"]:
            tried(store, lambda: write(f, {"v": {"dtype": kind, key: number}}))
            tried(store, lambda: write(f, {"v": {"dtype": kind, key: number, "scale_factor": 0.5}}))
        whole = xr.Dataset({"v": ("x", np.array([0, 1, 2], dtype=kind), {"_FillValue": number})})
        if number == number:
            tried(store, lambda: write(whole, {}))
# An attribute NaN beside integers, as some files have it, marks none of them and is left out.
odd = xr.Dataset({"v": ("x", np.array([0, 1, 2], dtype="int8"), {"_FillValue": np.nan})})
odd.to_netcdf("odd.nc")
odd.to_zarr("odd.zarr", mode="w")
""")
def fill_values_that_do_not_fit():
    for odd in (xr.open_dataset("odd.nc", mask_and_scale=False), xr.open_zarr("odd.zarr", mask_and_scale=False)):
        assert odd.v.dtype == np.int8 and odd.v.values.tolist() == [0, 1, 2], odd.v
    assert not os.path.exists("fill.nc") and not os.path.exists("fill.zarr")
    ranges = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-2**15, 2**15 - 1), "uint16": (0, 65535), "int32": (-2**31, 2**31 - 1),
              "uint32": (0, 2**32 - 1), "int64": (-2**63, 2**63 - 1), "uint64": (0, 2**64 - 1)}
    lines = []
    for store in ("nc", "zarr"):
        for kind, number in (("int8", "nan"), ("uint8", "-1"), ("int16", "99999"), ("uint16", "0.5"), ("int32", "1e+20"),
                             ("uint32", "-1"), ("int64", "inf"), ("uint64", "-1"), ("float32", "1e+40")):
            low, high = ranges.get(kind, (0, 0))
            holds = f"whole numbers from {low} to {high}" if low != high else "up to 3.4028e+38"
            for key in ("_FillValue", "_FillValue", "missing_value", "missing_value") + (() if number == "nan" else ("_FillValue",)):
                lines.append(f"{store} is refused: cannot write variable 'v': its {key} {number} does not fit {kind} ({holds}); "
                             f"give another {key}, or another dtype, in its encoding")
    return lines


@case("""
f = xr.Dataset({"v": ("x", [0.0, 327.67, np.nan])})
def packed(encoding, ds=f):
    ds.to_netcdf("packed.nc", encoding={"v": encoding})
for key in ["scale_factor", "add_offset"]:
    tried(key, lambda: packed({"dtype": "int16", "_FillValue": -1, key: np.nan}))
tried("scale 0", lambda: packed({"dtype": "int16", "_FillValue": -1, "scale_factor": 0.0}))
tried("a value that is the fill", lambda: packed({"dtype": "int16", "_FillValue": 32767, "scale_factor": 0.01}))
packed({"dtype": "int16", "_FillValue": 0}, xr.Dataset({"v": ("x", [0.0, 1.0, np.nan])}))
print(xr.open_dataset("packed.nc").v.values)
packed({"dtype": "int64", "_FillValue": -9223372036854775806}, xr.Dataset({"v": ("x", [5.0, np.nan])}))
print(xr.open_dataset("packed.nc").v.values)
xr.open_dataset("odd_missing.nc").to_netcdf("odd_missing_out.nc")
print(xr.open_dataset("odd_missing_out.nc").v.values)
u = xr.open_dataset("unsigned.nc")
u.to_netcdf("unsigned_out.nc", format="NETCDF3_CLASSIC")
print(xr.open_dataset("unsigned_out.nc").v.values)
""")
def packing_that_loses_values():
    np.testing.assert_array_equal(xr.open_dataset("unsigned_out.nc").v.values, [0, 100, 200, np.nan])
    assert xr.open_dataset("packed.nc", mask_and_scale=False).v.values.tolist() == [5, -9223372036854775806]
    tail = " no value could be read back; give another in its encoding, or remove it from there"
    return ["scale_factor is refused: cannot encode variable 'v': with scale_factor nan" + tail,
            "add_offset is refused: cannot encode variable 'v': with add_offset nan" + tail,
            "scale 0 is refused: cannot encode variable 'v': with scale_factor 0" + tail,
            "a value that is the fill is refused: cannot store a value of 'v' as 32767, which marks gaps there: it would be read back "
            "as missing; choose another _FillValue, scale_factor or add_offset in its encoding",
            "[nan  1. nan]", "[ 5. nan]", "[ 1.0000e+00 -3.1073e+04  3.0000e+00]", "[  0. 100. 200.  nan]"]


@case("""
for kind, there, value in [("int16", "int64", 70000), ("int32", "int64", 3000000000), ("uint8", "int16", -1), ("int32", "float32", 3e9),
                           ("int64", "float64", 1e19), ("int16", "float64", 40000.0), ("uint64", "int64", -1)]:
    xr.Dataset({"v": ("x", np.array([1, 2, 3], dtype=kind))}).to_zarr("grow.zarr", mode="w", encoding={"v": {"chunks": (2,)}})
    new = xr.Dataset({"v": ("x", np.array([value, 5], dtype=there))})
    tried(kind + " " + there, lambda: new.to_zarr("grow.zarr", append_dim="x"))
    tried(kind + " region", lambda: new.isel(x=[0]).to_zarr("grow.zarr", region={"x": slice(1, 2)}))
    new.isel(x=[1]).to_zarr("grow.zarr", append_dim="x")
    print(xr.open_zarr("grow.zarr").v.values)
gaps = xr.Dataset({"v": ("x", [1.0, np.nan, 3.0])})
gaps.to_zarr("gaps.zarr", mode="w", encoding={"v": {"dtype": "int32", "scale_factor": 0.5, "_FillValue": 0, "chunks": (2,)}})
gaps.to_zarr("gaps.zarr", append_dim="x")
print(xr.open_zarr("gaps.zarr").v.values)
""")
def values_appended_to_a_narrower_dtype():
    lines = []
    for kind, there, value, limits in (("int16", "int64", "70000", "-32768 to 32767"), ("int32", "int64", "3000000000", "-2147483648 to 2147483647"),
                                       ("uint8", "int16", "-1", "0 to 255"), ("int32", "float32", "3e+09", "-2147483648 to 2147483647"),
                                       ("int64", "float64", "1e+19", "-9223372036854775808 to 9223372036854775807"),
                                       ("int16", "float64", "40000", "-32768 to 32767"), ("uint64", "int64", "-1", "0 to 18446744073709551615")):
        refused = (f"is refused: cannot store {value} of 'v' as {kind} ({limits}); choose another scale_factor and add_offset, or a wider "
                   "dtype, in its encoding")
        lines += [f"{kind} {there} {refused}", f"{kind} region {refused}", "[1 2 3 5]"]
    return [*lines, "[ 1. nan  3.  1. nan  3.]"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "mpirun", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_mpi_yield_when_idle="1")
    wrong = 0
    for name, (script, check) in CASES.items():
        if options.cases and name not in options.cases:
            continue
        for ranks in (1, 3):
            folder = os.path.join(options.work, f"{name}_{ranks}")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            os.chdir(folder)
            make_inputs()
            with open("script.py", "w") as file:
                file.write(HEAD + script)
            launch = [] if ranks == 1 else [options.mpirun, "-n", "3", "--oversubscribe", "--bind-to", "none", "--quiet"]
            done = subprocess.run([*launch, options.rankine, "run", "--quiet", "script.py"], capture_output=True, text=True,
                                  env=environment, timeout=120, check=False)
            lines = done.stdout.splitlines()
            try:
                expected = check()
                problem = "" if done.returncode == 0 and lines == expected else f"status {done.returncode}\n{done.stderr}"
            except Exception as error:
                expected, problem = [], f"{type(error).__name__}: {error}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
            for i in range(max(len(lines), len(expected))) if problem else []:
                got = lines[i] if i < len(lines) else "(nothing)"
                right = expected[i] if i < len(expected) else "(nothing)"
                if got != right:
                    problem += f"\nline {i + 1}: {got}\n  right: {right}"
            if problem:
                wrong += 1
                print(f"{name} on {ranks} rank(s), cd {folder}: {problem}\n")
    sys.exit(1 if wrong else 0)


main()
