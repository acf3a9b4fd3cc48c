"""The sound files that damaged_inputs.py damages: every format, small, with several chunks of the variable "v"."""
import json
import os
import shutil
import sys
import zipfile

import h5py
import netCDF4
import numcodecs
import numpy as np
import zarr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store"))
import zarr_v3_writer as v3  # noqa: E402

SHAPE, CHUNKS = (7, 8, 10), (2, 8, 5)


def values(seed):
    return np.random.default_rng(seed).normal(size=SHAPE).astype("f4")


class Base:
    """One sound file or store; `read` gives the values of v as the format's own library reads them."""

    def __init__(self, name, path, read, has_chunks, kind):
        self.name, self.path, self.read, self.has_chunks, self.kind = name, path, read, has_chunks, kind
        self.file_name = os.path.basename(path)
        self.values = values(1)

    def copy_to(self, path):
        if os.path.isdir(self.path):
            shutil.copytree(self.path, path)
        else:
            shutil.copy(self.path, path)

    def reads_the_same(self, path, doubled):
        """True for the values that were stored, and for those that the library makes of the damaged file."""
        if np.array_equal(doubled, self.values * 2):
            return True
        if self.read is None:
            return False
        found = self.read(path)
        with np.errstate(all="ignore"):
            return np.array_equal(doubled, (found * found.dtype.type(2)).astype(doubled.dtype), equal_nan=True)


def make_sound(path):
    with netCDF4.Dataset(path, "w") as file:
        for name, extent in zip("tyx", SHAPE):
            file.createDimension(name, extent)
        file.createVariable("v", "f4", ("t", "y", "x"), zlib=True, chunksizes=CHUNKS, fletcher32=True)[...] = values(2)
    return values(2)


def read_netcdf(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        return np.asarray(file["v"][...])


def read_hdf5(path):
    with h5py.File(path) as file:
        return file["v"][()]


def make_netcdf(path, data_format):
    with netCDF4.Dataset(path, "w", format=data_format) as file:
        file.title = "a title of some length"
        file.createDimension("t", None)
        file.createDimension("y", SHAPE[1])
        file.createDimension("x", SHAPE[2])
        file.createVariable("x", "f8", ("x",))[:] = np.arange(SHAPE[2])
        names = {"chunksizes": CHUNKS, "zlib": True, "fletcher32": True} if data_format == "NETCDF4" else {}
        variable = file.createVariable("v", "f4", ("t", "y", "x"), **names)
        variable.units = "K"
        time = file.createVariable("t", "i2", ("t",))
        variable[...] = values(1)
        time[:] = np.arange(SHAPE[0])
        if data_format == "NETCDF4":
            for i in range(12):  # beyond what lies in the object header
                variable.setncattr(f"a{i}", "text")
            file.createVariable("names", str, ("y",))[:] = np.array(["name"] * SHAPE[1], object)
            file.createGroup("g").createVariable("w", "i4", ("x",))[:] = np.arange(SHAPE[2])


def make_hdf5(path, version, unlimited):
    with h5py.File(path, "w", libver=version) as file:
        for name, extent in zip("tyx", SHAPE):
            file.create_dataset(name, data=np.arange(extent)).make_scale(name)
        largest = tuple(None if axis < unlimited else extent for axis, extent in enumerate(SHAPE))
        data = file.create_dataset("v", data=values(1), chunks=CHUNKS, maxshape=largest, fletcher32=True, compression="gzip")
        for axis, name in enumerate("tyx"):
            data.dims[axis].attach_scale(file[name])


COMPRESSORS = {"zlib": numcodecs.Zlib(5), "gzip": numcodecs.GZip(5), "zstd": numcodecs.Zstd(3), "bz2": numcodecs.BZ2(5), "lz4": numcodecs.LZ4(),
               "blosc": numcodecs.Blosc("zstd", 3, 1)}


def make_zarr2(path, compressor, filters=None):
    group = zarr.open_group(path, mode="w")
    array = group.create_dataset("v", data=values(1), chunks=CHUNKS, compressor=COMPRESSORS[compressor], filters=filters, fill_value=0)
    array.attrs["_ARRAY_DIMENSIONS"] = ["t", "y", "x"]


def make_zarr3(path, codecs, chunks):
    def put(key, data):
        os.makedirs(os.path.dirname(f"{path}/{key}"), exist_ok=True)
        with open(f"{path}/{key}", "wb") as file:
            file.write(data)

    put("zarr.json", json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}).encode())
    v3.write_array(put, "v", values(1), chunks, codecs, 0.0, dims=["t", "y", "x"])


def make_zip(path, folder, method):
    with zipfile.ZipFile(path, "w", method) as archive:
        for root, _, names in os.walk(folder):
            for name in sorted(names):
                archive.write(f"{root}/{name}", os.path.relpath(f"{root}/{name}", folder))


def make_all(folder):
    os.makedirs(folder)
    bases = []

    def add(name, file_name, read, has_chunks, kind, make, *arguments):
        path = f"{folder}/{name}/{file_name}"
        os.makedirs(os.path.dirname(path))
        make(path, *arguments)
        bases.append(Base(name, path, read, has_chunks, kind))

    for name, data_format in (("cdf1", "NETCDF3_CLASSIC"), ("cdf2", "NETCDF3_64BIT_OFFSET"), ("cdf5", "NETCDF3_64BIT_DATA")):
        add(name, "in.nc", read_netcdf, False, "netcdf3", make_netcdf, data_format)
    add("netcdf4", "in.nc", read_netcdf, True, "hdf5", make_netcdf, "NETCDF4")
    add("hdf5_earliest", "in.h5", read_hdf5, True, "hdf5", make_hdf5, "earliest", 1)
    for name, unlimited in (("fixed", 0), ("extensible", 1), ("btree2", 2)):
        add("hdf5_" + name, "in.h5", read_hdf5, True, "hdf5", make_hdf5, "latest", unlimited)
    for name in COMPRESSORS:
        add("zarr2_" + name, "in.zarr", lambda path: zarr.open_group(path, mode="r")["v"][...], True, "zarr2", make_zarr2, name)
    add("zarr2_checksum", "in.zarr", None, True, "zarr2", make_zarr2, "zlib", [numcodecs.CRC32()])
    add("zarr3", "in.zarr", None, True, "zarr3", make_zarr3, [v3.BYTES, v3.ZSTD, v3.CRC], CHUNKS)
    add("zarr3_shards", "in.zarr", None, True, "zarr3", make_zarr3, [v3.shard((1, 4, 5), [v3.BYTES, v3.GZIP, v3.CRC])], (2, 8, 10))
    for method, label in ((zipfile.ZIP_STORED, "stored"), (zipfile.ZIP_DEFLATED, "deflated")):
        add("zip_" + label, "in.zarr.zip", None, True, "zip", make_zip, f"{folder}/zarr3/in.zarr", method)
    return bases
