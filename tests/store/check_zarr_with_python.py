"""Compares Rankine's Zarr reading and writing with zarr-python and xarray.

usage: check_zarr_with_python.py make DIRECTORY     writes stores of many kinds and, beside each, <name>.raw:
                                                    the values of its variable "v" as native C-order bytes
       check_zarr_with_python.py check STORE RAW    reads variable "t" of a store that Rankine wrote
"""
import os
import sys

import numpy as np
import xarray as xr
import zarr
from numcodecs import BZ2, LZ4, Blosc, GZip, Shuffle, Zlib, Zstd

COMPRESSORS = {"none": None, "zlib": Zlib(4), "gzip": GZip(5), "zstd": Zstd(3), "lz4": LZ4(), "bz2": BZ2(9),
               "blosc-lz4": Blosc("lz4", 5, 1), "blosc-zstd": Blosc("zstd", 3, 2), "blosc-zlib": Blosc("zlib", 1, 0),
               "blosc-lz4hc": Blosc("lz4hc", 5, -1), "blosc-blosclz": Blosc("blosclz", 9, 1)}
DTYPES = ["<f4", ">f4", "<f8", ">f8", "|b1", "|i1", "|u1", "<i2", ">i2", "<u2", "<i4", "<u4", "<i8", ">i8", "<u8",
          "<M8[ns]", "<m8[ns]"]


def values_of(dtype, shape):
    count = int(np.prod(shape))
    base = (np.arange(count) * 2654435761 % 100003).reshape(shape)
    return (base % 2 == 0) if dtype == "|b1" else base.astype(dtype)


def make(directory):
    def store(name, data, **options):
        group = zarr.open_group(os.path.join(directory, name), mode="w")
        array = group.create_dataset("v", data=data, **options)
        array.attrs["_ARRAY_DIMENSIONS"] = ["d%d" % i for i in range(data.ndim)]
        native = np.ascontiguousarray(data).astype(data.dtype.newbyteorder("="))
        native.tofile(os.path.join(directory, name + ".raw"))
        return array

    for name, compressor in COMPRESSORS.items():
        for order in "CF":
            store("%s-%s" % (name, order), values_of("<f4", (7, 5, 9)), chunks=(3, 5, 4), compressor=compressor,
                  order=order)
    for dtype in DTYPES:
        name = dtype.translate(str.maketrans("<>|[]", "lbn__"))
        store("dtype-" + name, values_of(dtype, (11, 6)), chunks=(4, 4), compressor=Zstd(1))
    store("shuffled", values_of("<f8", (100,)), chunks=(30,), compressor=Zlib(1), filters=[Shuffle(8)])
    store("scalar", np.array(4.5))
    group = zarr.open_group(zarr.NestedDirectoryStore(os.path.join(directory, "slash")), mode="w")
    data = values_of("<i4", (6, 6))
    group.create_dataset("v", data=data, chunks=(4, 4), dimension_separator="/")
    data.tofile(os.path.join(directory, "slash.raw"))
    sparse = zarr.open_group(os.path.join(directory, "sparse"), mode="w")
    array = sparse.create_dataset("v", shape=(6, 6), chunks=(2, 6), dtype="<i4", fill_value=-7)
    array[2:4] = 5
    array[:].tofile(os.path.join(directory, "sparse.raw"))


def check(path, raw):
    for consolidated in (True, False):
        dataset = xr.open_zarr(path, consolidated=consolidated)
        got = dataset["t"].values
        want = np.fromfile(raw, dtype=got.dtype).reshape(got.shape)
        np.testing.assert_array_equal(got, want)
        assert dataset["t"].dims == ("time", "x"), dataset["t"].dims
        assert dataset["t"].attrs["units"] == "K", dataset["t"].attrs
        assert dataset["t"].attrs["flag"] == 3
        assert np.isnan(dataset["t"].encoding["_FillValue"])
        assert list(dataset["name"].values) == ["Z\u00fcrich", "a"], dataset["name"].values
        assert dataset.attrs == {"title": "a test"}, dataset.attrs
    assert zarr.open_group(path)["t"].chunks == (2, 3)


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
