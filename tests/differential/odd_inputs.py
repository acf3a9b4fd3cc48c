"""Inputs whose metadata are unusual, and valid or at least harmless: main(FOLDER). One file a question."""
import os

import netCDF4
import numpy as np
import xarray as xr


def related_variables(path):
    """What decode_coords="all" looks for: bounds, grid_mapping, cell_measures, ancillary_variables, formula_terms."""
    with netCDF4.Dataset(path, "w") as f:
        for name, size in (("time", 3), ("nv", 2), ("lev", 2), ("x", 4)):
            f.createDimension(name, size)
        time = f.createVariable("time", "f8", ("time",))
        time.units, time.bounds = "days since 2000-01-01", "time_bnds"
        time[:] = [0.5, 1.5, 2.5]
        f.createVariable("time_bnds", "f8", ("time", "nv"))[:] = [[0, 1], [1, 2], [2, 3]]
        lev = f.createVariable("lev", "f8", ("lev",))
        lev.formula_terms = "a: hyam b: hybm ps: ps"
        lev[:] = [0.1, 0.9]
        f.createVariable("hyam", "f8", ("lev",))[:] = [1, 2]
        f.createVariable("hybm", "f8", ("lev",))[:] = [3, 4]
        f.createVariable("ps", "f4", ("time", "x"))[:] = np.arange(12).reshape(3, 4)
        crs = f.createVariable("crs", "i4", ())
        crs[...] = 7
        crs.grid_mapping_name = "rotated_latitude_longitude"
        f.createVariable("area", "f4", ("x",))[:] = [5, 6, 7, 8]
        f.createVariable("quality", "i4", ("time", "x"))[:] = np.arange(12).reshape(3, 4)
        v = f.createVariable("v", "f4", ("time", "lev", "x"))
        v[:] = np.arange(24).reshape(3, 2, 4)
        v.grid_mapping, v.cell_measures, v.ancillary_variables = "crs", "area: area", "quality"
        w = f.createVariable("w", "f4", ("time", "x"))
        w[:] = np.arange(12).reshape(3, 4)
        w.grid_mapping, w.cell_measures = "not_there", "area: area volume: nor_this"
        u = f.createVariable("u", "f4", ("x",))
        u[:] = 1
        u.cell_measures, u.grid_mapping = "area", "crs: x"  # malformed; and a form that xarray does not take apart


def named_as_other_dim(path, group=None, form="NETCDF4", first=1.0):
    with netCDF4.Dataset(path, "w", format=form) as f:
        g = f if group is None else f.createGroup(group)
        g.createDimension("y", 2)
        g.createDimension("x", 3)
        g.createVariable("x", "f4", ("y",))[:] = [first, first + 1]
        g.createVariable("v", "f4", ("y", "x"))[:] = np.arange(6).reshape(2, 3)


ENCODINGS = ("latin-1", "iso-8859-1", "ISO8859_15", "cp1252", "Windows-1252", "utf-8", "UTF8", "ascii", "US-ASCII")


def text_encodings(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("x", 2)
        f.createDimension("n", 5)
        for number, name in enumerate(ENCODINGS):
            text = "M\u00fc\u00df" if "ascii" not in name.lower() else "Mue"
            length = len(text.encode(name))
            f.createDimension(f"n{number}", length)
            c = f.createVariable(f"s{number}", "S1", ("x", f"n{number}"))
            c.set_auto_chartostring(False)
            c._Encoding = name
            c[:] = np.array([text.encode(name), b"c"], f"S{length}").view("S1").reshape(2, length)
        euro = f.createVariable("euro", "S1", ("n",))
        euro.set_auto_chartostring(False)
        euro._Encoding = "cp1252"
        euro[:] = np.array(["\u20ac \u2013 \u0153".encode("cp1252")], "S5").view("S1")


def unknown_encodings(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("x", 2)
        f.createDimension("n", 4)
        f.createVariable("ok", "i4", ("x",))[:] = [1, 2]
        for name, codec, data in (("foreign", "klingon", [b"a", b"b"]), ("broken", "utf-8", [b"M\xfc", b"c"]),
                                  ("beyond", "ascii", [b"M\xfc", b"c"])):
            c = f.createVariable(name, "S1", ("x", "n"))
            c.set_auto_chartostring(False)
            c._Encoding = codec
            c[:] = np.array(data, "S4").view("S1").reshape(2, 4)


def odd_attributes(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("x", 2)
        f.createVariable("ok", "i2", ("x",))[:] = [1, 2]

        def variable(name, dtype="i2", **attributes):
            v = f.createVariable(name, dtype, ("x",))
            v.set_auto_maskandscale(False)
            v[:] = [3, 4]
            v.setncatts(attributes)

        variable("text_scale", scale_factor="0.1")
        variable("empty_offset", add_offset="")
        variable("no_number", scale_factor="one tenth", add_offset=2.0)
        variable("nan_scale", scale_factor=np.nan)
        variable("text_missing", missing_value="4")
        variable("several_missing", missing_value=np.array([3, 9], "i2"))
        variable("float_missing", missing_value=4.0)
        variable("one_in_a_list", scale_factor=np.array([0.5]))
        variable("numeric_units", units=np.int32(1))
        variable("text_scale_float", "f8", scale_factor="2")


def several_scales(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("x", 2)
        f.createVariable("ok", "i2", ("x",))[:] = [1, 2]
        for name, attributes in (("odd", {"scale_factor": np.array([0.1, 0.2])}),
                                 ("when", {"units": "days since the flood"})):
            v = f.createVariable(name, "i2", ("x",))
            v.set_auto_maskandscale(False)
            v[:] = [3, 4]
            v.setncatts(attributes)


def no_times(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("time", None)
        f.createDimension("x", 2)
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"):
            f.createVariable(dtype, dtype, ("time", "x"))
        when = f.createVariable("when", "f8", ("time", "x"))
        when.units = "days since 2000-01-01"


def stray_times(path, calendar=None):
    """A fill value that nobody declared, between times: the first and the last number are dates."""
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("time", 3)
        f.createDimension("x", 9000)
        f.createVariable("ok", "i2", ("time",))[:] = [1, 2, 3]

        def variable(name, dtype, dims, values):
            v = f.createVariable(name, dtype, dims)
            v.units = "days since 1850-01-01"
            if calendar is not None:
                v.calendar = calendar
            v[:] = values

        variable("floats", "f8", ("time",), [0, 9.96921e36, 2])
        variable("whole", "i8", ("time",), [0, 2**50, 2])
        many = np.arange(9000.0)
        many[5] = 9.96921e36
        variable("many", "f8", ("x",), many)
        d = f.createVariable("lasting", "i8", ("time",))
        d.units = "days"
        d[:] = [0, 2**50, 2]


def stray_index(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("time", 3)
        time = f.createVariable("time", "f8", ("time",))
        time.units = "days since 1850-01-01"
        time[:] = [0, 9.96921e36, 2]
        f.createVariable("v", "f4", ("time",))[:] = [1, 2, 3]


def empty_calendar(path):
    with netCDF4.Dataset(path, "w") as f:
        f.createDimension("time", 2)
        time = f.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2000-01-01", ""
        time[:] = [0, 1]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    related_variables(at("related.nc"))
    xr.open_dataset(at("related.nc"), decode_cf=False).to_zarr(at("related.zarr"), mode="w")
    named_as_other_dim(at("other_dim.nc"))
    named_as_other_dim(at("other_dim_2.nc"), first=3.0)
    named_as_other_dim(at("other_dim_group.nc"), group="a")
    named_as_other_dim(at("other_dim_classic.nc"), form="NETCDF3_CLASSIC")
    xr.open_dataset(at("other_dim.nc"), decode_cf=False).to_zarr(at("other_dim.zarr"), mode="w")
    text_encodings(at("text_encodings.nc"))
    unknown_encodings(at("unknown_encodings.nc"))
    odd_attributes(at("odd_attributes.nc"))
    several_scales(at("several_scales.nc"))
    no_times(at("no_times.nc"))
    stray_times(at("stray_times.nc"))
    stray_index(at("stray_index.nc"))
    empty_calendar(at("empty_calendar.nc"))
