"""An independent, small writer of Zarr v3 stores for tests: json, numcodecs and zlib, nothing of Rankine's.

usage: zarr_v3_writer.py make DIRECTORY     writes one store a case and, beside each, <name>.raw: the values of its
                                            variable "v" as native C-order bytes; zip files likewise
       zarr_v3_writer.py read STORE NAME RAW   reads an array that Rankine wrote and compares it with RAW
"""
import itertools
import json
import os
import struct
import sys
import zipfile
import zlib

import numpy as np
from numcodecs import Blosc, Zstd

MISSING = 2**64 - 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


BLOSC_SHUFFLES = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}


def encode(array, codecs):
    """One chunk through a list of codecs."""
    data = array
    for codec in codecs:
        name, config = codec["name"], codec.get("configuration", {})
        if name == "transpose":
            data = np.transpose(data, config["order"])
        elif name == "bytes":
            data = np.ascontiguousarray(data).astype(data.dtype.newbyteorder({"big": ">", "little": "<"}[config.get("endian", "little")])).tobytes()
        elif name == "vlen-utf8":
            texts = [text.encode() for text in np.ravel(data)]
            data = struct.pack("<I", len(texts)) + b"".join(struct.pack("<I", len(t)) + t for t in texts)
        elif name == "gzip":
            packer = zlib.compressobj(config["level"], zlib.DEFLATED, 31)
            data = packer.compress(data) + packer.flush()
        elif name == "zstd":
            data = bytes(Zstd(config["level"]).encode(data))
        elif name == "blosc":
            typed = np.frombuffer(data, "V%d" % config["typesize"])
            data = bytes(Blosc(config["cname"], config["clevel"], BLOSC_SHUFFLES[config["shuffle"]]).encode(typed))
        elif name == "crc32c":
            data = data + crc32c(data)
        elif name == "sharding_indexed":
            data = encode_shard(data, config)
        else:
            raise ValueError(name)
    return data


def encode_shard(array, config):
    inner = config["chunk_shape"]
    parts, index, offset = [], [], 0
    grid = [range(a // b) for a, b in zip(array.shape, inner)]
    count = int(np.prod([len(r) for r in grid]))
    index_bytes = 16 * count + 4 * sum(c["name"] == "crc32c" for c in config["index_codecs"])
    at_start = config.get("index_location", "end") == "start"
    offset = index_bytes if at_start else 0
    for number, at in enumerate(itertools.product(*grid)):
        part = array[tuple(slice(i * n, (i + 1) * n) for i, n in zip(at, inner))]
        if number % 5 == 3 and config.get("_leave_out"):
            index.append((MISSING, MISSING))
            part[...] = config["_leave_out"]
            continue
        data = encode(part, config["codecs"])
        index.append((offset, len(data)))
        offset += len(data)
        parts.append(data)
    raw = encode(np.array(index, "u8"), config["index_codecs"])
    return raw + b"".join(parts) if at_start else b"".join(parts) + raw


def write_array(put, path, values, chunks, codecs, fill, data_type=None, encoding=None, attributes=None, dims=None, skip=()):
    """`put(key, bytes)`; returns the values as they are to be read."""
    values = values.copy()
    encoding = encoding or {"name": "default", "configuration": {"separator": "/"}}
    public = json.loads(json.dumps(codecs))
    for codec in public:
        codec.get("configuration", {}).pop("_leave_out", None)
    document = {"zarr_format": 3, "node_type": "array", "shape": list(values.shape),
                "data_type": data_type or values.dtype.name,
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
                "chunk_key_encoding": encoding, "fill_value": fill, "codecs": public,
                "attributes": attributes or {}, "dimension_names": dims}
    put(path + "/zarr.json", json.dumps(document).encode())
    separator = encoding.get("configuration", {}).get("separator", "/" if encoding["name"] == "default" else ".")
    for at in itertools.product(*[range(-(-n // c)) for n, c in zip(values.shape, chunks)]):
        box = tuple(slice(i * c, min((i + 1) * c, n)) for i, c, n in zip(at, chunks, values.shape))
        full = np.zeros(chunks, values.dtype)
        inside = tuple(slice(0, s.stop - s.start) for s in box)
        full[inside] = values[box]
        if at in skip:
            values[box] = skip[at]
            continue
        names = [str(i) for i in at]
        key = separator.join((["c"] if encoding["name"] == "default" else []) + names)
        put(path + "/" + (key or "0"), encode(full, codecs))
        values[box] = full[inside]
    return document, values


BYTES, BIG = ({"name": "bytes", "configuration": {"endian": e}} for e in ("little", "big"))
ZSTD = {"name": "zstd", "configuration": {"level": 3, "checksum": False}}
GZIP = {"name": "gzip", "configuration": {"level": 5}}
CRC = {"name": "crc32c"}


def blosc(cname="lz4", shuffle="shuffle", typesize=4):
    return {"name": "blosc", "configuration": {"cname": cname, "clevel": 5, "shuffle": shuffle, "typesize": typesize, "blocksize": 0}}


def transpose(*order):
    return {"name": "transpose", "configuration": {"order": list(order)}}


def shard(inner, codecs, location="end", index_codecs=(BYTES, CRC), **more):
    return {"name": "sharding_indexed", "configuration": {"chunk_shape": list(inner), "codecs": list(codecs), "index_location": location,
                                                          "index_codecs": list(index_codecs), **more}}


def cases():
    base = (np.arange(7 * 10 * 9) * 2654435761 % 100003).reshape(7, 10, 9)
    f4 = base.astype("f4")
    for name, codecs in {
            "little": [BYTES], "big": [BIG], "gzip": [BYTES, GZIP], "zstd": [BYTES, ZSTD], "crc": [BYTES, CRC],
            "zstd-crc": [BYTES, ZSTD, CRC], "transpose": [transpose(2, 0, 1), BYTES, ZSTD],
            "transpose-twice": [transpose(1, 2, 0), transpose(0, 2, 1), BIG, GZIP],
            **{"blosc-%s-%s" % (c, s): [BYTES, blosc(c, s)] for c in ("lz4", "zstd", "lz4hc", "blosclz", "zlib")
               for s in BLOSC_SHUFFLES}}.items():
        yield name, dict(values=f4, chunks=(3, 4, 9), codecs=codecs, fill=0.0)
    for dtype in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"):
        values = (base % 2 == 0) if dtype == "bool" else base.astype(dtype)
        yield "dtype-" + dtype, dict(values=values, chunks=(4, 10, 5), codecs=[BIG, ZSTD], fill=False if dtype == "bool" else 0)
    yield "key-dot", dict(values=f4, chunks=(3, 4, 9), codecs=[BYTES], fill=0.0, encoding={"name": "default", "configuration": {"separator": "."}})
    yield "key-v2", dict(values=f4, chunks=(3, 4, 9), codecs=[BYTES], fill=0.0, encoding={"name": "v2"})
    yield "key-v2-slash", dict(values=f4, chunks=(3, 4, 9), codecs=[BYTES], fill=0.0, encoding={"name": "v2", "configuration": {"separator": "/"}})
    nan_bits = np.array([0x7FC12345], "u4").view("f4")[0]
    for name, fill, value in (("nan", "NaN", np.nan), ("inf", "Infinity", np.inf), ("minus-inf", "-Infinity", -np.inf),
                              ("hex", "0x7fc12345", nan_bits), ("number", 1.5, 1.5)):
        yield "fill-" + name, dict(values=f4, chunks=(3, 4, 9), codecs=[BYTES], fill=fill, skip={(0, 1, 0): value, (2, 2, 0): value})
    for name, codecs in {
            "end": [shard((3, 2, 3), [BYTES, ZSTD])],
            "start": [shard((3, 2, 3), [BYTES, ZSTD], "start")],
            "holes": [shard((3, 2, 3), [BYTES, blosc(), CRC], _leave_out=-7.0)],
            "bare-index": [shard((1, 4, 9), [BYTES, GZIP], index_codecs=(BYTES,))],
            "big-index": [shard((1, 2, 9), [BIG], "start", index_codecs=(BIG, CRC))],
            "transposed": [shard((3, 2, 3), [transpose(2, 1, 0), BIG, ZSTD, CRC])],
            "nested": [shard((3, 2, 9), [shard((1, 2, 3), [BYTES, ZSTD], "start")])]}.items():
        yield "shard-" + name, dict(values=f4, chunks=(6, 4, 9), codecs=codecs, fill=-7.0, skip={(1, 1, 0): -7.0})
    yield "scalar", dict(values=np.array(4.5), chunks=(), codecs=[BYTES], fill=0.0)
    yield "empty", dict(values=np.zeros((0, 3), "f4"), chunks=(1, 3), codecs=[BYTES], fill=0.0)
    yield "time", dict(values=np.arange(11), chunks=(4,), codecs=[BYTES], fill="NaT",
                       data_type={"name": "numpy.datetime64", "configuration": {"unit": "ns", "scale_factor": 1}})


def make(directory):
    def files(root):
        def put(key, data):
            path = os.path.join(root, key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        return put

    def store(put, name, case):
        document, values = write_array(put, "v", **case)
        group = {"zarr_format": 3, "node_type": "group", "attributes": {"title": name}}
        if name in ("zstd", "shard-end"):
            group["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": {"v": document}}
        put("zarr.json", json.dumps(group).encode())
        np.ascontiguousarray(values).tofile(os.path.join(directory, name + ".raw"))

    for name, case in cases():
        store(files(os.path.join(directory, name)), name, case)
        if name in ("zstd", "shard-end", "shard-nested", "fill-nan"):
            for method, label in ((zipfile.ZIP_STORED, "stored"), (zipfile.ZIP_DEFLATED, "deflated")):
                zipped = "%s-%s.zip" % (name, label)
                with zipfile.ZipFile(os.path.join(directory, zipped), "w", method) as archive:
                    def put(key, data):
                        if key.endswith("json"):
                            archive.writestr(key, data)
                        else:  # the form for members of any size
                            with archive.open(key, "w", force_zip64=True) as member:
                                member.write(data)
                    store(put, zipped, case)


def decode(data, codecs, shape, dtype):
    for codec in reversed(codecs):
        name, config = codec["name"], codec.get("configuration", {})
        if name == "crc32c":
            assert crc32c(data[:-4]) == data[-4:], "checksum"
            data = data[:-4]
        elif name == "gzip":
            data = zlib.decompress(data, 31)
        elif name == "zstd":
            data = bytes(Zstd().decode(data))
        elif name == "blosc":
            data = bytes(Blosc().decode(data))
        elif name == "bytes":
            data = np.frombuffer(data, np.dtype(dtype).newbyteorder({"big": ">", "little": "<"}[config.get("endian", "little")])).reshape(shape)
        elif name == "sharding_indexed":
            inner = config["chunk_shape"]
            grid = [a // b for a, b in zip(shape, inner)]
            assert config["index_location"] == "end" and config["index_codecs"][-1] == CRC
            size = 16 * int(np.prod(grid)) + 4
            index = decode(data[-size:], config["index_codecs"], (-1, 2), "u8")
            out = np.zeros(shape, dtype)
            for (offset, length), at in zip(index.tolist(), np.ndindex(*grid)):
                if offset != MISSING:
                    part = decode(data[offset:offset + length], config["codecs"], inner, dtype)
                    out[tuple(slice(i * n, (i + 1) * n) for i, n in zip(at, inner))] = part
            data = out
        else:
            raise ValueError(name)
    return data


def read(path, name, raw):
    group = json.load(open(os.path.join(path, "zarr.json")))
    assert group["node_type"] == "group", group
    document = json.load(open(os.path.join(path, name, "zarr.json")))
    assert group["consolidated_metadata"]["metadata"][name] == document
    shape, chunks = document["shape"], document["chunk_grid"]["configuration"]["chunk_shape"]
    dtype = np.dtype(document["data_type"])
    values = np.full(shape, np.nan if document["fill_value"] == "NaN" else document["fill_value"], dtype)
    for at in np.ndindex(*[-(-n // c) for n, c in zip(shape, chunks)]):
        file = os.path.join(path, name, "c", *map(str, at))
        if os.path.exists(file):
            box = tuple(slice(i * c, min((i + 1) * c, n)) for i, c, n in zip(at, chunks, shape))
            part = decode(open(file, "rb").read(), document["codecs"], chunks, dtype)
            values[box] = part[tuple(slice(0, s.stop - s.start) for s in box)]
    np.testing.assert_array_equal(values, np.fromfile(raw, dtype).reshape(shape))


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](*sys.argv[2:])
