"""Seeds that the formats' own libraries write: make_seeds.py FOLDER."""
import gzip
import json
import os
import struct
import sys
import tempfile
import zipfile

import h5py
import netCDF4
import numcodecs
import numpy as np
import zarr

folder = sys.argv[1]
values = np.arange(64, dtype="f4").reshape(8, 8)


def save(target, name, data):
    with open(os.path.join(folder, target, name), "wb") as file:
        file.write(data)


for form in ("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"):
    path = os.path.join(folder, "netcdf3", form)
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.title = "seed"
        file.createDimension("time", None)
        file.createDimension("x", 3)
        file.createVariable("x", "f8", ("x",))[:] = [1, 2, 3]
        packed = file.createVariable("t", "i2", ("time", "x"), fill_value=-1)
        packed.scale_factor = 0.5
        packed[:] = [[1, 2, 3], [4, 5, 6]]
        file.createVariable("flag", "i1", ("time",))[:] = [1, 0]
        file.createVariable("name", "S1", ("x",))[:] = np.array([b"a", b"b", b"c"])

for name, libver in (("old", "earliest"), ("new", ("v110", "v110"))):
    with h5py.File(os.path.join(folder, "hdf5", name), "w", libver=libver) as file:
        file.attrs["title"] = "seed"
        file["x"] = np.arange(8.0)
        file["x"].make_scale("x")
        file.create_dataset("chunked", data=values, chunks=(3, 3), compression="gzip", shuffle=True, fletcher32=True)
        file["chunked"].dims[1].attach_scale(file["x"])
        file.create_dataset("grows", data=values, chunks=(2, 8), maxshape=(None, 8))
        file.create_dataset("both", data=values, chunks=(2, 2), maxshape=(None, None), fillvalue=-1)
        file.create_dataset("fixed", data=values, chunks=(4, 4))
        file.create_dataset("text", data=np.array([b"a", b"bc"]))
        file["group/deep"] = values.astype(">i2")
        file["group/scalar"] = np.float16(1.5)

raw = values.tobytes()
encoders = [numcodecs.Zlib(4), numcodecs.GZip(4), numcodecs.Zstd(3), numcodecs.LZ4(), numcodecs.Blosc("zstd", 5, 1),
            numcodecs.BZ2(1)]
for kind, encoder in enumerate(encoders):
    save("codec", f"kind_{kind}", bytes([kind, 0, 4, 16]) + bytes(encoder.encode(values)))
    save("codec", f"shuffled_{kind}", bytes([kind | 0x80, 0, 3, 16]) + bytes(encoder.encode(numcodecs.Shuffle(4).encode(values))))
for kind in range(6, 12):
    save("codec", f"kind_{kind}", bytes([kind, 0, 3, 16]) + raw)

options = [dict(compressor=numcodecs.Zlib(1)), dict(compressor=numcodecs.Blosc("lz4", 5, 2)), dict(compressor=None, order="F"),
           dict(compressor=numcodecs.Zstd(1), filters=[numcodecs.Delta("<f4")]), dict(compressor=numcodecs.LZ4(), fill_value="NaN")]
with tempfile.TemporaryDirectory() as scratch:
    for number, option in enumerate(options):
        path = os.path.join(scratch, str(number))
        zarr.save_array(path, values, chunks=(8, 8), **option)
        with open(os.path.join(path, ".zarray"), "rb") as metadata, open(os.path.join(path, "0.0"), "rb") as chunk:
            save("zarr", f"v2_{number}", metadata.read() + b"\0" + chunk.read())
metadata = {
    "zarr_format": 3, "node_type": "array", "shape": [8, 8], "data_type": "float32", "fill_value": "NaN",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 8]}},
    "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 1}}],
    "attributes": {"units": "K"}, "dimension_names": ["y", "x"],
}
save("zarr", "v3", json.dumps(metadata).encode() + b"\0" + gzip.compress(raw))

inner = [gzip.compress(np.ascontiguousarray(values[y:y + 4, x:x + 4]).tobytes()) for y in (0, 4) for x in (0, 4)]
for at_start in (0, 1):
    offset, index = 64 if at_start else 0, b""
    for chunk in inner:
        index += struct.pack("<QQ", offset, len(chunk))
        offset += len(chunk)
    body = b"".join(inner)
    save("shard", f"start_{at_start}", bytes([at_start]) + (index + body if at_start else body + index))

for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
    with zipfile.ZipFile(os.path.join(folder, "zip", name), "w", method) as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
        archive.writestr("t/.zarray", json.dumps({"zarr_format": 2, "shape": [8, 8], "chunks": [8, 8], "dtype": "<f4", "order": "C",
                                                  "compressor": {"id": "gzip", "level": 1}, "fill_value": 0, "filters": None}))
        archive.writestr("t/.zattrs", '{"_ARRAY_DIMENSIONS": ["y", "x"]}')
        archive.writestr("t/0.0", gzip.compress(raw))

with netCDF4.Dataset(os.path.join(folder, "hdf5", "netcdf4"), "w") as file:
    file.createDimension("time", None)
    file.createDimension("x", 4)
    time = file.createVariable("time", "f8", ("time",))
    time.units = "days since 2000-01-01"
    time[:] = [0, 1, 2]
    packed = file.createVariable("t", "i2", ("time", "x"), fill_value=-1, zlib=True, shuffle=True, chunksizes=(2, 4))
    packed.scale_factor = 0.5
    packed[:] = np.arange(12).reshape(3, 4)
    file.createVariable("name", str, ("x",))[:] = np.array(["a", "b", "c", "d"], dtype=object)
    inner_group = file.createGroup("inner")
    inner_group.createVariable("flag", file.createEnumType("i1", "kind", {"a": 0, "b": 1}), ("x",))[:] = [0, 1, 0, 1]

with h5py.File(os.path.join(folder, "hdf5", "filters"), "w") as file:
    file.create_dataset("lzf", data=values, chunks=(4, 4), compression="lzf")
    file.create_dataset("scaled", data=values.astype("i4"), chunks=(4, 4), scaleoffset=0)
    file.create_dataset("big", data=values.astype(">f8"), chunks=(4, 4), compression="gzip")
    if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
        file.create_dataset("szip", data=values, chunks=(8, 8), compression="szip")
    file.create_dataset("compact", shape=(3,), dtype="f4")
