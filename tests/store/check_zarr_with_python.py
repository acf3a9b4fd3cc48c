"""Compares Rankine's Zarr reading and writing with zarr-python and xarray.

usage: check_zarr_with_python.py make DIRECTORY     writes stores of many kinds and, beside each, <name>.raw:
                                                    the values of its variable "v" as native C-order bytes
       check_zarr_with_python.py make_texts DIRECTORY [consolidated]   strings of every kind and a group
       check_zarr_with_python.py check STORE RAW    reads variable "t" of a store that Rankine wrote
"""
import os
import sys

import numpy as np
import xarray as xr
import zarr
from numcodecs import (BZ2, CRC32, LZ4, Adler32, AsType, BitRound, Blosc, Delta, FixedScaleOffset, GZip, PackBits, Quantize,
                       Shuffle, VLenUTF8, Zlib, Zstd)

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
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (0, 1, 2):
            store("blosc-%s-%d" % (cname, shuffle), values_of("<f8", (33, 7)), chunks=(10, 7), compressor=Blosc(cname, 6, shuffle))
    smooth = np.linspace(200, 300, 240).reshape(12, 20)
    filtered = {
        "delta": ("<i4", [Delta("<i4")]), "delta-narrow": ("<i8", [Delta("<i8", "<i2")]), "delta-f4": ("<f4", [Delta("<f4")]),
        "delta-big": (">i4", [Delta(">i4", "<i2")]),
        "scaled": ("<f8", [FixedScaleOffset(200, 100, "<f8", "<u2")]), "scaled-float": ("<f4", [FixedScaleOffset(200.5, 12.5, "<f4", "<i2")]),
        "scaled-i4": ("<f8", [FixedScaleOffset(250.0, 1000.0, "<f8", "<i4")]), "scaled-u1": ("<f8", [FixedScaleOffset(200, 2, "<f8", "|u1")]),
        "scaled-f4": ("<f4", [FixedScaleOffset(0.1, 3.3, "<f4", "<f4")]),
        "astype": ("<f8", [AsType("<f4", "<f8")]), "quantized": ("<f4", [Quantize(1, "<f4")]), "bitrounded": ("<f4", [BitRound(6)]),
        "crc32": ("<f4", [CRC32()]), "adler32": ("<f4", [Adler32()]), "chained": ("<i8", [Delta("<i8", "<i4"), Shuffle(4), CRC32()]),
    }
    for name, (dtype, filters) in filtered.items():
        array = store("filter-" + name, smooth.astype(dtype), chunks=(5, 20), compressor=Zlib(1), filters=filters)
        np.ascontiguousarray(array[:]).astype(array.dtype.newbyteorder("=")).tofile(os.path.join(directory, "filter-%s.raw" % name))
    store("packed-bits", values_of("|b1", (9, 7)), chunks=(4, 7), compressor=None, filters=[PackBits()])
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


def make_texts(directory):
    group = zarr.open_group(os.path.join(directory, "texts"), mode="w")
    texts = np.array(["a", "Z\u00fcrich", "", "\U0001f30d b"], object)
    for name, data, options in (("o", texts, dict(dtype=object, object_codec=VLenUTF8(), compressor=Zstd(1))), ("u", texts.astype("<U9"), {}),
                                ("big", texts.astype(">U9"), {}), ("s", np.array([b"a", b"bcd", b"", b"e"], "S3"), {})):
        group.create_dataset(name, data=data, chunks=(3,), **options).attrs["_ARRAY_DIMENSIONS"] = ["x"]
    inner = group.create_group("deep/er")
    inner.attrs["depth"] = 2
    inner.create_dataset("v", data=np.arange(4)).attrs["_ARRAY_DIMENSIONS"] = ["y"]
    if len(sys.argv) > 3:
        zarr.consolidate_metadata(group.store)


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
    {"make": make, "check": check, "make_texts": lambda directory, *_: make_texts(directory)}[sys.argv[1]](*sys.argv[2:])
