"""Small files with the headers that archives and models have: make_archives.py FOLDER.

Each has what is peculiar to its kind: bounds and branch times (CMIP6), packed shorts with expver (ERA5), times as
characters (WRF), curvilinear grids (ROMS, NEMO), swaths in groups (HDF-EOS5), forecast steps, char arrays, user-defined
types, units and calendars of every sort.
"""
import os
import shutil
import sys

import h5py
import netCDF4
import numcodecs
import numpy as np
import zarr

FOLDER = ""
RANDOM = np.random.default_rng(30)


def at(name):
    return os.path.join(FOLDER, name)


def create(name, form="NETCDF4"):
    return netCDF4.Dataset(at(name), "w", format=form)


def dims(ds, **sizes):
    for name, size in sizes.items():
        ds.createDimension(name, size)


def put(ds, name, dtype, dim_names, values=None, fill=None, zlib=False, **attributes):
    variable = ds.createVariable(name, dtype, dim_names, fill_value=fill, zlib=zlib)
    variable.setncatts(attributes)
    variable.set_auto_maskandscale(False)
    variable.set_auto_chartostring(False)
    if values is not None:
        variable[...] = values
    return variable


def floats(*shape):
    return RANDOM.random(shape).astype("f4")


def characters(texts, width):
    return np.array([list(text.ljust(width, "\0")) for text in texts], "S1")


def cmip6():
    with create("cmip6.nc") as ds:
        dims(ds, time=None, lat=4, lon=5, bnds=2, plev=3)
        ds.setncatts({"Conventions": "CF-1.7 CMIP-6.2", "branch_time_in_child": 0.0, "branch_time_in_parent": np.float64(54421),
                      "branch_time": np.array([1.5]), "realization_index": np.int32(1), "empty": "",
                      "source": "X (2019): \naerosol: none\natmos: CAM", "numbers": np.array([1, 2, 3], "i2")})
        put(ds, "time", "f8", ("time",), np.arange(5) * 30 + 15.5, units="days since 1850-01-01", calendar="noleap",
            axis="T", bounds="time_bnds", standard_name="time")
        put(ds, "time_bnds", "f8", ("time", "bnds"), np.stack([np.arange(5) * 30.0, np.arange(5) * 30.0 + 31], 1))
        put(ds, "plev", "f8", ("plev",), [100000.0, 85000, 50000], units="Pa", axis="Z", positive="down")
        put(ds, "lat", "f8", ("lat",), [-60, -20, 20, 60.0], units="degrees_north", bounds="lat_bnds", axis="Y")
        put(ds, "lat_bnds", "f8", ("lat", "bnds"), floats(4, 2))
        put(ds, "lon", "f8", ("lon",), np.arange(5) * 72.0, units="degrees_east", bounds="lon_bnds")
        put(ds, "lon_bnds", "f8", ("lon", "bnds"), floats(5, 2))
        put(ds, "height", "f8", (), 2.0, units="m", axis="Z", positive="up")
        put(ds, "ta", "f4", ("time", "plev", "lat", "lon"), floats(5, 3, 4, 5), np.float32(1e20), True, missing_value=np.float32(1e20),
            coordinates="height", cell_methods="area: time: mean", cell_measures="area: areacella", units="K", comment="")
    with create("cmip6_type.nc") as ds:  # the area type is a char array, the grid is curvilinear
        dims(ds, time=3, strlen=8, i=2, j=3, vertices=4)
        put(ds, "time", "f8", ("time",), np.arange(3) * 30 + 15.0, units="days since 1850-1-1 00:00:00", calendar="360_day")
        put(ds, "type", "S1", ("strlen",), characters(["sea_ice"], 8)[0], standard_name="area_type")
        put(ds, "latitude", "f4", ("j", "i"), floats(3, 2), units="degrees_north", bounds="vertices_latitude")
        put(ds, "longitude", "f4", ("j", "i"), floats(3, 2), units="degrees_east", bounds="vertices_longitude")
        put(ds, "vertices_latitude", "f4", ("j", "i", "vertices"), floats(3, 2, 4))
        put(ds, "vertices_longitude", "f4", ("j", "i", "vertices"), floats(3, 2, 4))
        put(ds, "siconc", "f4", ("time", "j", "i"), floats(3, 3, 2), np.float32(1e20), coordinates="latitude longitude type")


def era5(form):
    with create(f"era5_{form}.nc", form) as ds:
        dims(ds, longitude=6, latitude=4, expver=2, time=7)
        put(ds, "longitude", "f4", ("longitude",), np.arange(6) * 0.25, units="degrees_east")
        put(ds, "latitude", "f4", ("latitude",), 50 - np.arange(4) * 0.25, units="degrees_north")
        put(ds, "expver", "i4", ("expver",), [1, 5])
        put(ds, "time", "i4", ("time",), 1066000 + np.arange(7), units="hours since 1900-01-01 00:00:00.0", calendar="gregorian")
        raw = RANDOM.integers(-32000, 32000, (7, 2, 4, 6)).astype("i2")
        raw[3:, 0], raw[:3, 1] = -32767, -32767
        for name, scale, offset in (("t2m", 0.0012397165, 280.5432), ("tp", 1.2e-7, 0.0041)):
            put(ds, name, "i2", ("time", "expver", "latitude", "longitude"), raw, np.int16(-32767), scale_factor=scale,
                add_offset=offset, missing_value=np.int16(-32767))


def era5_by_grib():
    with create("era5_grib.nc") as ds:
        dims(ds, valid_time=5, latitude=3, longitude=4)
        ds.setncatts({"GRIB_centre": "ecmf", "GRIB_subCentre": np.int64(0)})
        put(ds, "number", "i8", (), 0, units="1", standard_name="realization")
        put(ds, "valid_time", "i8", ("valid_time",), 1704067200 + 3600 * np.arange(5), units="seconds since 1970-01-01",
            calendar="proleptic_gregorian", standard_name="time")
        put(ds, "latitude", "f8", ("latitude",), [2.0, 1, 0], np.nan, stored_direction="decreasing")
        put(ds, "longitude", "f8", ("longitude",), [0.0, 1, 2, 3], np.nan)
        ds.createVariable("expver", str, ("valid_time",))[:] = np.array(["0001"] * 3 + ["0005"] * 2, object)
        put(ds, "u10", "f4", ("valid_time", "latitude", "longitude"), floats(5, 3, 4), np.float32(np.nan), True,
            GRIB_paramId=np.int64(165), GRIB_missingValue=3.4028234663852886e38, coordinates="number valid_time latitude longitude expver")


def wrf(form):
    with create(f"wrf_{form}.nc", form) as ds:
        dims(ds, Time=None, DateStrLen=19, south_north=3, west_east=4, west_east_stag=5, bottom_top=2)
        ds.setncatts({"TITLE": " OUTPUT FROM WRF V4.2 MODEL", "DX": np.float32(3000), "MAP_PROJ": np.int32(1)})
        put(ds, "Times", "S1", ("Time", "DateStrLen"), characters([f"2020-01-01_{hour:02}:00:00" for hour in range(4)], 19))
        for name in ("XLAT", "XLONG"):
            put(ds, name, "f4", ("Time", "south_north", "west_east"), floats(4, 3, 4), FieldType=np.int32(104),
                MemoryOrder="XY ", units="degree", stagger="", coordinates="XLONG XLAT")
        put(ds, "XTIME", "f4", ("Time",), np.arange(4) * 60.0, units="minutes since 2020-01-01 00:00:00", MemoryOrder="0  ")
        put(ds, "T2", "f4", ("Time", "south_north", "west_east"), floats(4, 3, 4), units="K", coordinates="XLONG XLAT XTIME")
        put(ds, "U", "f4", ("Time", "bottom_top", "south_north", "west_east_stag"), floats(4, 2, 3, 5), stagger="X",
            coordinates="XLONG XLAT XTIME")
        put(ds, "ITIMESTEP", "i4", ("Time",), np.arange(4))
        for number in range(12):  # more than are printed
            put(ds, f"SOIL{number}", "f4", ("Time",), floats(4))


def ocean_models():
    with create("roms.nc", "NETCDF3_64BIT_OFFSET") as ds:
        dims(ds, ocean_time=None, s_rho=3, eta_rho=3, xi_rho=4)
        put(ds, "ocean_time", "f8", ("ocean_time",), np.arange(3) * 86400.0, units="seconds since 2010-01-01 00:00:00",
            calendar="proleptic_gregorian", field="time, scalar, series")
        put(ds, "dt", "f8", (), 300.0, units="second")
        put(ds, "dstart", "f8", (), 14610.0, units="days since 1970-01-01 00:00:00", calendar="proleptic_gregorian")
        put(ds, "spherical", "S1", (), np.array("T", "S1"), flag_values="T, F", flag_meanings="spherical Cartesian")
        put(ds, "s_rho", "f8", ("s_rho",), [-0.8, -0.5, -0.1], formula_terms="s: s_rho C: Cs_r eta: zeta depth: h depth_c: hc")
        put(ds, "Cs_r", "f8", ("s_rho",), [-0.8, -0.5, -0.1])
        put(ds, "h", "f8", ("eta_rho", "xi_rho"), floats(3, 4), coordinates="lon_rho lat_rho")
        put(ds, "lon_rho", "f8", ("eta_rho", "xi_rho"), floats(3, 4), units="degree_east")
        put(ds, "lat_rho", "f8", ("eta_rho", "xi_rho"), floats(3, 4))
        put(ds, "temp", "f4", ("ocean_time", "s_rho", "eta_rho", "xi_rho"), floats(3, 3, 3, 4), np.float32(1e37),
            time="ocean_time", coordinates="lon_rho lat_rho s_rho ocean_time")
    with create("nemo.nc") as ds:
        dims(ds, y=3, x=4, deptht=2, axis_nbounds=2, time_counter=None)
        put(ds, "nav_lat", "f4", ("y", "x"), floats(3, 4), standard_name="latitude", nav_model="grid_T")
        put(ds, "nav_lon", "f4", ("y", "x"), floats(3, 4), standard_name="longitude")
        put(ds, "deptht", "f4", ("deptht",), [0.5, 1.5], positive="down", bounds="deptht_bounds", units="m")
        put(ds, "deptht_bounds", "f4", ("deptht", "axis_nbounds"), floats(2, 2), units="m")
        seconds = {"units": "seconds since 1900-01-01 00:00:00", "calendar": "gregorian", "time_origin": "1900-01-01 00:00:00"}
        put(ds, "time_centered", "f8", ("time_counter",), 1e8 + np.arange(3) * 86400.0, bounds="time_centered_bounds", **seconds)
        put(ds, "time_centered_bounds", "f8", ("time_counter", "axis_nbounds"), 1e8 + np.arange(6).reshape(3, 2) * 86400.0)
        put(ds, "time_counter", "f8", ("time_counter",), 1e8 + np.arange(3) * 86400.0 + 43200.5, bounds="time_counter_bounds", **seconds)
        put(ds, "time_counter_bounds", "f8", ("time_counter", "axis_nbounds"), 1e8 + np.arange(6).reshape(3, 2) * 43200.0)
        put(ds, "thetao", "f4", ("time_counter", "deptht", "y", "x"), floats(3, 2, 3, 4), np.float32(1e20),
            online_operation="average", coordinates="time_centered nav_lat nav_lon", missing_value=np.float32(1e20))


def satellites():
    with create("ghrsst.nc") as ds:
        dims(ds, time=2, lat=3, lon=4)
        put(ds, "time", "i4", ("time",), [1199188800, 1199275200], units="seconds since 1981-01-01 00:00:00")
        put(ds, "lat", "f4", ("lat",), [0, 1, 2], valid_min=np.float32(-90))
        put(ds, "lon", "f4", ("lon",), [0, 1, 2, 3])
        raw = RANDOM.integers(-300, 4500, (2, 3, 4)).astype("i2")
        raw[0, 0, 0] = -32768
        grid = ("time", "lat", "lon")
        put(ds, "analysed_sst", "i2", grid, raw, np.int16(-32768), True, add_offset=273.15, scale_factor=0.01, valid_max=np.int16(4500))
        put(ds, "sea_ice_fraction", "i1", grid, raw.astype("i1"), np.int8(-128), add_offset=0.0, scale_factor=0.01)
        put(ds, "mask", "i1", grid, raw.astype("i1"), flag_masks=np.array([1, 2, 4], "i1"), flag_meanings="water land ice")
        offsets = RANDOM.integers(0, 86400, (2, 3, 4)).astype("i4")
        offsets[1, 1, 1] = -2147483648
        put(ds, "sst_dtime", "i4", grid, offsets, np.int32(-2147483648), add_offset=10.0, scale_factor=1.0, units="seconds")
        put(ds, "sses_bias", "i1", grid, raw.astype("i1"), np.int8(-128), scale_factor=np.float32(0.01), add_offset=np.float32(0))
    with create("oisst.nc") as ds:
        dims(ds, time=None, zlev=1, lat=3, lon=4)
        put(ds, "time", "f4", ("time",), [14976.0], units="days since 1978-01-01 12:00:00")
        put(ds, "zlev", "f4", ("zlev",), [0.0], positive="down", actual_range="0, 0")
        raw = RANDOM.integers(-300, 4500, (1, 1, 3, 4)).astype("i2")
        raw[0, 0, 0, 0] = -999
        for name in ("sst", "anom"):
            put(ds, name, "i2", ("time", "zlev", "lat", "lon"), raw, np.int16(-999), True, add_offset=np.float32(0),
                scale_factor=np.float32(0.01), valid_min=np.int16(-300))
    with h5py.File(at("imerg.HDF5"), "w") as file:
        grid = file.create_group("Grid")
        grid.attrs["GridHeader"] = np.bytes_("BinMethod=ARITHMEAN;\n")
        scales = {"time": np.array([1577836800], "i4"), "lon": np.arange(4, dtype="f4"), "lat": np.arange(3, dtype="f4"),
                  "nv": np.arange(2, dtype="i4")}
        for name, values in scales.items():
            grid.create_dataset(name, data=values, maxshape=(None,) if name == "time" else None).make_scale(name)
        for name, value in (("units", "seconds since 1970-01-01 00:00:00 UTC"), ("calendar", "julian"), ("bounds", "time_bnds")):
            grid["time"].attrs[name] = np.bytes_(value)
        grid["time_bnds"] = np.array([[1577836800, 1577838600]], "i4")
        rain = grid.create_dataset("precipitationCal", data=floats(1, 4, 3), chunks=(1, 2, 3), compression="gzip", shuffle=True,
                                   fillvalue=np.float32(-9999.9))
        for dataset, names in ((grid["time_bnds"], ("time", "nv")), (rain, ("time", "lon", "lat"))):
            for axis, name in enumerate(names):
                dataset.dims[axis].attach_scale(grid[name])
        rain.attrs["_FillValue"] = np.float32(-9999.9)
        rain.attrs["units"], rain.attrs["coordinates"] = np.bytes_("mm/hr"), np.bytes_("time lon lat")
    with h5py.File(at("eos.he5"), "w") as file:
        data = file.create_dataset("HDFEOS/SWATHS/O3/Data Fields/ColumnAmountO3", data=floats(3, 4))
        data.attrs["MissingValue"], data.attrs["Units"] = np.array([-1.2e30], "f4"), np.bytes_("DU")
        file["HDFEOS/SWATHS/O3/Geolocation Fields/Latitude"] = floats(3, 4)
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_("GROUP=SwathStructure\n" * 50)


def compound():
    with h5py.File(at("compound.h5"), "w") as file:
        file["pairs"] = np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")])
        file["plain"] = np.arange(3.0)


def conventions():
    with create("ensemble.nc") as ds:
        dims(ds, number=3, time=2, step=4, x=5)
        put(ds, "number", "i4", ("number",), [0, 1, 2], standard_name="realization")
        put(ds, "time", "i8", ("time",), [0, 86400], units="seconds since 2020-01-01T00:00:00", calendar="proleptic_gregorian")
        put(ds, "step", "f8", ("step",), [0, 6, 12, 18.0], units="hours", standard_name="forecast_period")
        put(ds, "valid_time", "f8", ("time", "step"), np.arange(8).reshape(2, 4) * 6.0, units="hours since 2020-01-01",
            calendar="proleptic_gregorian")
        put(ds, "msl", "f4", ("number", "time", "step", "x"), floats(3, 2, 4, 5), coordinates="number time step valid_time")
    with create("cf.nc") as ds:
        dims(ds, time=4, y=3, x=4, nv=2)
        put(ds, "time", "f8", ("time",), np.arange(4) * 91 + 45.0, units="days since 2001-01-01", climatology="climatology_bounds")
        put(ds, "climatology_bounds", "f8", ("time", "nv"), np.arange(8).reshape(4, 2) * 91.0)
        put(ds, "x", "f8", ("x",), np.arange(4) * 1e4, standard_name="projection_x_coordinate", units="m")
        put(ds, "crs", "i4", (), 0, grid_mapping_name="lambert_conformal_conic", standard_parallel=np.array([25.0, 30.0]),
            crs_wkt='PROJCS["x",GEOGCS["é"]]')
        put(ds, "lat", "f4", ("y", "x"), floats(3, 4))
        put(ds, "pr", "f4", ("time", "y", "x"), floats(4, 3, 4), np.float32(-9), grid_mapping="crs", coordinates="lat",
            ancillary_variables="pr_flag", cell_methods="time: mean within years", valid_range=np.array([0, 1], "f4"))
        put(ds, "pr_flag", "u1", ("time", "y", "x"), RANDOM.integers(0, 3, (4, 3, 4)), flag_values=np.array([0, 1, 2], "u1"),
            flag_meanings="a b c", grid_mapping="crs: x y")
        for dtype, missing in (("u1", 255), ("u4", 4294967295), ("i8", -2**62)):
            put(ds, dtype, dtype, ("time",), np.array([1, 2, missing, 0], dtype), np.array(missing, dtype)[()])
        put(ds, "two_missing", "f4", ("time",), [1, 2, -9, -8], np.float32(-9), missing_value=np.array([-9], "f4"))


def empty(form):
    with create(f"empty_{form}.nc", form) as ds:
        dims(ds, time=None, x=3)
        put(ds, "time", "f8", ("time",), units="hours since 2000-01-01")
        put(ds, "v", "f4", ("time", "x"))
        put(ds, "x", "i4", ("x",), [1, 2, 3])
        put(ds, "c", "S1", ("time", "x"))


def groups():
    with create("groups.nc") as ds:
        dims(ds, time=3)
        put(ds, "time", "i4", ("time",), [0, 1, 2], units="days since 2000-01-01")
        product = ds.createGroup("PRODUCT")
        dims(product, scan=2)
        put(product, "no2", "f4", ("time", "scan"), floats(3, 2), np.float32(9.96921e36), units="mol m-2")
        put(ds.createGroup("PRODUCT/SUPPORT/GEO"), "angle", "f8", ("scan",), [1, 2.0])


def times():
    with create("times.nc") as ds:
        dims(ds, t=3)
        for number, (units, calendar, values, dtype) in enumerate((
                ("days since 0001-01-01", "julian", [1, 2, 3], "f8"),
                ("hours since 1-1-1 00:00:0.0", "gregorian", [17000000, 17000001, 17000002], "f8"),
                ("months since 2000-01-01", "360_day", [0, 1, 2], "f8"),
                ("seconds since 1970-01-01T00:00:00Z", None, [0, 1.5, 2], "f8"),
                ("days since 2000-01-01 00:00:00 +06:00", None, [0, 1, 2], "i4"),
                ("days since 2000-01-01 12:00", "noleap", [0, 58.75, 59], "f8"),
                ("milliseconds since 2020-02-28", "standard", [0, 86400000, 2 * 86400000], "i8"),
                ("microseconds since 2020-02-28", "standard", [0, 1, 2], "i8"),
                ("Days since 2000-01-01", "standard", [0, 1, 2], "i4"),
                ("days since 2000-01-01", "STANDARD", [0, 1, np.nan], "f8"),
                ("days since 3000-01-01", None, [0, 1, 2], "i4"),
                ("minutes since 1582-10-04 23:00:00", "standard", [0, 60, 120], "i4"),
                ("days since 2262-04-11", "proleptic_gregorian", [0, 0.5, 2], "f8"),
                ("nanoseconds since 2020-01-01", "standard", [0, 1, 2], "i8"),
                ("hours since 2000-01-01 00:00:00.5", "standard", [0, 1, 2], "i4"),
                ("day as %Y%m%d.%f", "proleptic_gregorian", [20000101.0, 20000102, 20000103], "f8"))):
            attributes = {"units": units, **({"calendar": calendar} if calendar else {})}
            put(ds, f"t{number:02}", dtype, ("t",), values, **attributes)
        for units, values, dtype in (("days", [1, 2, 3], "f8"), ("seconds", [1, 2, 3], "i4"), ("hours", [1.5, np.nan, 3], "f4"),
                                     ("minutes", [1, 2, 3], "i2"), ("milliseconds", [1, 2, 3], "i4"), ("nanoseconds", [1, 2, 3], "i8")):
            put(ds, units, dtype, ("t",), values, units=units)


def char_arrays(form):
    with create(f"chars_{form}.nc", form) as ds:
        dims(ds, time=2, n=3, s=5, one=1)
        put(ds, "station", "S1", ("n", "s"), characters(["abc", "hello", ""], 5), cf_role="timeseries_id")
        put(ds, "flag", "S1", ("n",), np.array([b"a", b"b", b""], "S1"))
        put(ds, "filled", "S1", ("n", "s"), characters(["abc", "hello", "xxxxx"], 5), b"x")
        put(ds, "deep", "S1", ("time", "n", "s"), np.full((2, 3, 5), b"q", "S1"))
        put(ds, "single", "S1", ("n", "one"), np.full((3, 1), b"q", "S1"))
        put(ds, "data", "f4", ("time", "n"), floats(2, 3), coordinates="station")


def cloud_store():
    path = at("cloud.zarr")
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(zarr.DirectoryStore(path), mode="w")
    group.attrs.update({"valid_time_start": "1940-01-01", "n": 5, "f": 1.5, "list": [1, 2]})

    def add(name, names, data, chunks, fill=None, compressor=numcodecs.Blosc("lz4", 5, 1), **attributes):
        array = group.create_dataset(name, data=data, shape=data.shape, chunks=chunks, compressor=compressor, fill_value=fill)
        array.attrs.update({"_ARRAY_DIMENSIONS": list(names), **attributes})

    add("time", ["time"], np.arange(1000), (1000,), units="hours since 1900-01-01", calendar="proleptic_gregorian")
    add("latitude", ["latitude"], np.linspace(90, -90, 7, dtype="f4"), (7,), float("nan"))
    add("longitude", ["longitude"], (np.arange(8) * 45).astype("f4"), (8,), float("nan"))
    add("level", ["level"], np.array([1000, 850, 500]), (3,))
    add("2m_temperature", ["time", "latitude", "longitude"], floats(1000, 7, 8), (1, 7, 8), float("nan"), short_name="t2m")
    add("land", ["latitude", "longitude"], RANDOM.integers(0, 2, (7, 8)).astype(bool), (7, 8), compressor=None)
    add("fixed", ["level"], np.array(["a", "bb", "ccc"]), (3,))
    add("bytes", ["level"], np.array([b"a", b"bb", b"ccc"]), (3,))
    add("packed", ["time"], np.arange(1000, dtype=">i2"), (300,), 7, scale_factor=0.1, add_offset=1)
    add("u8", ["level"], np.array([1, 2, 2**64 - 1], "u8"), (3,))
    add("instants", ["level"], np.array(["2000-01-01", "2001-01-01", "2001-01-02"], "M8[ns]"), (3,))
    add("durations", ["level"], np.array([1, 2, 3], "m8[ns]"), (3,))
    array = group.create_dataset("zero", data=np.float64(3.5), shape=(), fill_value=None)
    array.attrs["_ARRAY_DIMENSIONS"] = []
    zarr.consolidate_metadata(group.store)


def main(folder):
    global FOLDER
    FOLDER = folder
    os.makedirs(folder, exist_ok=True)
    cmip6()
    for form in ("NETCDF3_64BIT_OFFSET", "NETCDF4"):
        era5(form)
        wrf(form)
    era5_by_grib()
    ocean_models()
    satellites()
    conventions()
    for form in ("NETCDF3_CLASSIC", "NETCDF4"):
        empty(form)
        char_arrays(form)
    groups()
    compound()
    times()
    cloud_store()


if __name__ == "__main__":
    main(sys.argv[1])
