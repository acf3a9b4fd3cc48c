"""Writes the inputs of the differential tests into a folder: make_inputs.py FOLDER.

Small files that together have every calendar, packing, missing values, 2-d coordinates, bounds, the storage
layouts and filters that Rankine reads itself, several files of one series, and the variants of Zarr v2.
The same seed gives the same files.
"""
import os
import shutil
import sys
import zipfile

import cftime
import netCDF4
import numcodecs
import numpy as np
import zarr

import make_archives
import make_models
import odd_inputs

LATS = np.array([75.0, 45.0, 15.0, -15.0, -45.0, -75.0])
LONS = np.arange(8) * 45.0


def weather(shape, seed, mean=280.0, spread=12.0, missing=0.0):
    random = np.random.default_rng(seed)
    values = mean + spread * random.standard_normal(shape)
    values += 10 * np.sin(np.arange(shape[0]) * 2 * np.pi / 365.25).reshape((-1,) + (1,) * (len(shape) - 1))
    if missing:
        values[random.random(shape) < missing] = np.nan
    return values


def coordinates(ds, lats=LATS, lons=LONS, dtype="f8"):
    for name, values, units, standard in (
        ("lat", lats, "degrees_north", "latitude"),
        ("lon", lons, "degrees_east", "longitude"),
    ):
        ds.createDimension(name, len(values))
        variable = ds.createVariable(name, dtype, (name,))
        variable.units = units
        variable.standard_name = standard
        variable[:] = values


def time_axis(ds, numbers, units, calendar, dtype="f8", unlimited=False, name="time"):
    ds.createDimension(name, None if unlimited else len(numbers))
    variable = ds.createVariable(name, dtype, (name,))
    variable.units = units
    if calendar is not None:
        variable.calendar = calendar
    variable.standard_name = "time"
    variable[:] = numbers
    return variable


def daily(path):
    """Three years of days: bounds, a scalar coordinate, NaN, float32 and float64, deflate and shuffle."""
    with netCDF4.Dataset(path, "w") as ds:
        ds.Conventions = "CF-1.7"
        ds.title = "daily test data"
        ds.history = "made by make_inputs.py"
        numbers = 54756.0 + np.arange(1096) + 0.5  # 1999-12-01 12:00 on
        time = time_axis(ds, numbers, "days since 1850-01-01", "standard", unlimited=True)
        time.bounds = "time_bnds"
        coordinates(ds)
        ds["lat"].bounds = "lat_bnds"
        ds.createDimension("bnds", 2)
        ds.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack([numbers - 0.5, numbers + 0.5], 1)
        ds.createVariable("lat_bnds", "f8", ("lat", "bnds"))[:] = np.stack([LATS + 15, LATS - 15], 1)
        height = ds.createVariable("height", "f8", ())
        height.units = "m"
        height[...] = 2.0
        shape = (1096, 6, 8)
        options = dict(zlib=True, complevel=4, shuffle=True)
        tas = ds.createVariable("tas", "f4", ("time", "lat", "lon"), chunksizes=(100, 4, 5),
                                fill_value=np.float32(1e20), **options)
        tas.units, tas.long_name, tas.cell_methods, tas.coordinates = "K", "air temperature", "time: mean", "height"
        values = weather(shape, 1, missing=0.02)
        values[:, 0, 0] = np.nan  # a cell that never has data
        tas[:] = np.ma.masked_invalid(values)
        pr = ds.createVariable("pr", "f8", ("time", "lat", "lon"), chunksizes=(365, 6, 8), **options)
        pr.units, pr.long_name = "mm", "rain"
        pr[:] = np.maximum(0, np.random.default_rng(2).normal(0, 5, shape))
        orography = ds.createVariable("orog", "f4", ("lat", "lon"))
        orography.units = "m"
        orography[:] = np.random.default_rng(3).uniform(0, 3000, (6, 8))


def sixhourly(path, first_step=0, steps=480, seed=4, form="NETCDF4"):
    with netCDF4.Dataset(path, "w", format=form) as ds:
        time_axis(ds, 876576 + 6 * (first_step + np.arange(steps)), "hours since 1900-01-01 00:00:00.0", "gregorian",
                  dtype="i4", unlimited=form != "NETCDF4")
        coordinates(ds, dtype="f4")
        options = dict(zlib=True, complevel=1, shuffle=True, chunksizes=(64, 6, 8)) if form == "NETCDF4" else {}
        t2m = ds.createVariable("t2m", "f4", ("time", "lat", "lon"), fill_value=np.float32(np.nan), **options)
        t2m.units, t2m.long_name = "K", "2 metre temperature"
        t2m[:] = weather((steps, 6, 8), seed + first_step)
        for name in ("u10", "v10"):
            wind = ds.createVariable(name, "f4", ("time", "lat", "lon"), **options)
            wind.units = "m s**-1"
            wind[:] = weather((steps, 6, 8), seed + first_step + len(name) + ord(name[0]), 0, 5)


def calendar_file(path, calendar, units="days since 2000-01-01", days=800):
    with netCDF4.Dataset(path, "w") as ds:
        time_axis(ds, np.arange(days) + 0.5, units, calendar)
        coordinates(ds, LATS[:2], LONS[:3])
        tas = ds.createVariable("tas", "f4", ("time", "lat", "lon"), zlib=True, chunksizes=(90, 2, 3))
        tas.units = "K"
        tas[:] = weather((days, 2, 3), len(calendar))


def packed(path, form="NETCDF4"):
    """Shorts with scale and offset, unsigned bytes, missing values of both kinds, integers left as they are."""
    with netCDF4.Dataset(path, "w", format=form) as ds:
        ds.set_auto_maskandscale(False)
        time_axis(ds, np.arange(60), "days since 2001-02-01", "standard", dtype="i4", unlimited=True)
        coordinates(ds)
        random = np.random.default_rng(5)
        shape = (60, 6, 8)
        t = ds.createVariable("t", "i2", ("time", "lat", "lon"), fill_value=np.int16(-32767))
        t.setncatts({"scale_factor": 0.002, "add_offset": 270.0, "missing_value": np.int16(-32766), "units": "K"})
        raw = random.integers(-30000, 30000, shape).astype("i2")
        raw[random.random(shape) < 0.05] = -32767
        raw[random.random(shape) < 0.02] = -32766
        t.set_auto_maskandscale(False)
        t[:] = raw
        single = ds.createVariable("single", "i2", ("time", "lat", "lon"))
        single.setncatts({"scale_factor": np.float32(-0.5), "add_offset": np.float32(10), "units": "1"})
        single.set_auto_maskandscale(False)
        single[:] = random.integers(-100, 100, shape).astype("i2")
        cloud = ds.createVariable("cloud", "i1", ("time", "lat", "lon"), fill_value=np.int8(-1))
        cloud.setncatts({"_Unsigned": "true", "scale_factor": np.float32(0.5), "units": "%"})
        cloud.set_auto_maskandscale(False)
        cloud[:] = random.integers(0, 255, shape).astype("u1").view("i1")
        count = ds.createVariable("count", "i4", ("time", "lat", "lon"))
        count.units = "1"
        count[:] = random.integers(-1000, 1000, shape)


def integers(path):
    with netCDF4.Dataset(path, "w") as ds:
        ds.createDimension("x", 40)
        ds.createDimension("y", 7)
        random = np.random.default_rng(6)
        for dtype in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"):
            info = np.iinfo(dtype)
            low, high = max(info.min, -100), min(info.max, 100)
            ds.createVariable(dtype, dtype, ("x", "y"), fill_value=False)[:] = random.integers(low, high, (40, 7))
        ds.createVariable("x", "i4", ("x",))[:] = np.arange(40) * 10
        ds.createVariable("label", "f8", ("y",))[:] = np.linspace(-1, 1, 7)


def curvilinear(path):
    """2-d latitudes and longitudes, as ocean models have them."""
    with netCDF4.Dataset(path, "w") as ds:
        time_axis(ds, np.arange(24) * 30 + 15, "days since 1990-01-01", "360_day")
        ds.createDimension("y", 9)
        ds.createDimension("x", 11)
        y, x = np.meshgrid(np.linspace(-60, 60, 9), np.linspace(0, 300, 11), indexing="ij")
        for name, values in (("nav_lat", y + 0.02 * x), ("nav_lon", x + 0.1 * y)):
            ds.createVariable(name, "f4", ("y", "x"))[:] = values
        sst = ds.createVariable("sst", "f4", ("time", "y", "x"), fill_value=np.float32(-999), zlib=True, fletcher32=True,
                                chunksizes=(5, 4, 6))
        sst.coordinates, sst.units = "nav_lat nav_lon", "degC"
        sst[:] = np.ma.masked_invalid(weather((24, 9, 11), 7, 15, 4, missing=0.2))


def contiguous(path):
    with netCDF4.Dataset(path, "w") as ds:
        time_axis(ds, np.arange(50), "days since 1999-06-15", "proleptic_gregorian", dtype="i8")
        coordinates(ds)
        for dtype, name, endian in (("f4", "a", "native"), ("f8", "b", "native"), ("f4", "big", "big")):
            variable = ds.createVariable(name, dtype, ("time", "lat", "lon"), contiguous=True, endian=endian)
            variable[:] = weather((50, 6, 8), 8)


def zarr_store(path, compressor, order="C", separator=".", drop=()):
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(zarr.DirectoryStore(path, dimension_separator=separator), mode="w")
    values = weather((48, 6, 8), 9).astype("f4")

    def put(name, dims, data, chunks, **attrs):
        fill = np.float32("nan") if data.dtype == "f4" else None
        array = group.create_dataset(name, data=data, shape=data.shape, dtype=data.dtype, chunks=chunks, order=order,
                                     compressor=compressor, fill_value=fill,
                                     dimension_separator=separator)
        array.attrs.update({"_ARRAY_DIMENSIONS": list(dims), **attrs})

    put("time", ["time"], np.arange(48), (48,), units="days since 2003-01-01", calendar="proleptic_gregorian")
    put("lat", ["lat"], LATS, (6,), units="degrees_north")
    put("lon", ["lon"], LONS, (8,), units="degrees_east")
    put("tas", ["time", "lat", "lon"], values, (10, 4, 3), units="K")
    for key in drop:
        os.remove(os.path.join(path, "tas", key.replace(".", separator)))
    zarr.consolidate_metadata(group.store)


def zarr_zip(path, source, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for folder, _, files in sorted(os.walk(source)):
            for name in sorted(files):
                archive.write(os.path.join(folder, name), os.path.relpath(os.path.join(folder, name), source))


def zarr_filters(path):
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(path, mode="w")
    values = weather((48, 6, 8), 10)
    for name, dtype, filters, dims in (
            ("delta", "<i4", [numcodecs.Delta("<i4", "<i2")], 3),
            ("scaled", "<f8", [numcodecs.FixedScaleOffset(250.0, 1000.0, "<f8", "<i4")], 3),
            ("shuffled", ">f4", [numcodecs.Shuffle(4), numcodecs.CRC32()], 3),
            ("rounded", "<f4", [numcodecs.BitRound(9)], 3)):
        array = group.create_dataset(name, data=values.astype(dtype), chunks=(10, 4, 3), filters=filters, fill_value=None)
        array.attrs["_ARRAY_DIMENSIONS"] = ["time", "lat", "lon"]
    zarr.consolidate_metadata(group.store)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    daily(at("daily.nc"))
    sixhourly(at("sixhourly.nc"))
    for part in range(3):
        sixhourly(at(f"part_{part}.nc"), first_step=128 * part, steps=128)
    sixhourly(at("classic.nc"), steps=60, form="NETCDF3_CLASSIC")
    sixhourly(at("offset64.nc"), steps=60, form="NETCDF3_64BIT_OFFSET")
    for calendar in ("noleap", "365_day", "all_leap", "366_day", "360_day", "julian", "proleptic_gregorian", "standard"):
        calendar_file(at(f"calendar_{calendar}.nc"), calendar)
    calendar_file(at("calendar_hours.nc"), "noleap", "hours since 1999-12-31 12:00:00")
    packed(at("packed.nc"))
    packed(at("packed_classic.nc"), "NETCDF3_CLASSIC")
    integers(at("integers.nc"))
    curvilinear(at("curvilinear.nc"))
    contiguous(at("contiguous.nc"))
    from numcodecs import Blosc, GZip, Zlib, Zstd
    for name, compressor in (("none", None), ("zlib", Zlib(5)), ("gzip", GZip(5)), ("zstd", Zstd(3)),
                             ("blosc", Blosc("lz4", 5, Blosc.SHUFFLE)), ("blosc_zstd", Blosc("zstd", 3, Blosc.BITSHUFFLE))):
        zarr_store(at(f"zarr_{name}.zarr"), compressor)
    zarr_store(at("zarr_fortran.zarr"), Zlib(1), order="F")
    zarr_store(at("zarr_nested.zarr"), Zlib(1), separator="/")
    zarr_store(at("zarr_missing.zarr"), Zlib(1), drop=("1.0.0", "4.1.2"))
    zarr_zip(at("zarr_stored.zip"), at("zarr_missing.zarr"), zipfile.ZIP_STORED)
    zarr_zip(at("zarr_deflated.zip"), at("zarr_blosc.zarr"), zipfile.ZIP_DEFLATED)
    zarr_filters(at("zarr_filters.zarr"))
    make_archives.main(at("archives"))
    odd_inputs.main(at("odd"))
    make_models.main()


if __name__ == "__main__":
    main(sys.argv[1])
