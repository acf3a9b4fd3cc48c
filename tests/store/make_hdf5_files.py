"""Writes HDF5 and NetCDF files of every filter, layout, dtype, byte order and shape into a directory, with h5py
and numcodecs, and the values beside them: manifest.txt has a line "file variable dtype shape" for each
variable, values.bin their values in this order.

    make_hdf5_files.py DIRECTORY
"""
import itertools
import os
import struct
import sys

import h5py
import numcodecs
import numpy as np

directory = sys.argv[1]
manifest = open(os.path.join(directory, "manifest.txt"), "w")
raw = open(os.path.join(directory, "values.bin"), "wb")
rng = np.random.default_rng(20)


def expect(file, variable, values):
    values = np.asarray(values, order="C")
    if values.dtype.byteorder == ">" or (values.dtype.byteorder == "=" and sys.byteorder == "big"):
        values = values.astype(values.dtype.newbyteorder("<"))
    raw.write(values.tobytes())
    shape = ",".join(str(n) for n in values.shape) or "-"
    manifest.write(f"{file} {variable} {values.dtype.name} {shape}\n")


def numbers(shape, dtype):
    count = int(np.prod(shape, dtype=np.int64))
    steps = np.cumsum(rng.integers(-3, 5, count))
    values = (steps % 113) if np.dtype(dtype).kind == "u" or np.dtype(dtype).itemsize == 1 else steps * 3 - 40
    if np.dtype(dtype).kind == "f":
        values = values * 0.25
    return values.astype(dtype).reshape(shape)


def szip(coding, pixels):
    def apply(properties):
        properties.set_szip(h5py.h5z.SZIP_EC_OPTION_MASK if coding == "ec" else h5py.h5z.SZIP_NN_OPTION_MASK, pixels)
    return apply


filters = {
    "none": {},
    "deflate": dict(compression="gzip", compression_opts=4),
    "shuffle_deflate": dict(shuffle=True, compression="gzip", compression_opts=1),
    "shuffle": dict(shuffle=True),
    "fletcher32": dict(fletcher32=True),
    "all": dict(shuffle=True, compression="gzip", compression_opts=6, fletcher32=True),
    "lzf": dict(compression="lzf"),
    "shuffle_lzf": dict(shuffle=True, compression="lzf"),
    "szip_nn": dict(compression="szip", compression_opts=("nn", 8)),
    "szip_ec": dict(compression="szip", compression_opts=("ec", 32)),
    "shuffle_szip": dict(shuffle=True, compression="szip", compression_opts=("nn", 4)),
}


def bitshuffled(data, width, block):
    """The bits of each block of `block` elements, transposed; up to seven elements behind them stay as they are."""
    groups = len(data) // width // 8 * 8
    parts = []
    for begin in range(0, groups, block):
        part = np.frombuffer(data, "u1")[begin * width:min(begin + block, groups) * width].reshape(-1, width)
        bits = np.unpackbits(part.T, axis=1, bitorder="little").reshape(width, -1, 8)
        parts.append(np.packbits(bits.transpose(0, 2, 1).reshape(width * 8, -1), axis=1, bitorder="little").tobytes())
    return parts, data[groups * width:]


def bitshuffle(inside, block):
    def encode(data, width):
        parts, rest = bitshuffled(data, width, block)
        if inside == 0:
            return b"".join(parts) + rest
        codec = numcodecs.LZ4() if inside == 2 else numcodecs.Zstd(3)
        skip = 4 if inside == 2 else 0  # numcodecs puts the decoded size before an LZ4 block
        framed = b""
        for part in parts:
            packed = bytes(codec.encode(part))[skip:]
            framed += struct.pack(">I", len(packed)) + packed
        return struct.pack(">QI", len(data), block * width) + framed + rest
    return lambda width: ((0, 4, width, block, inside), encode)


def blosc(name, shuffle):
    codec = numcodecs.Blosc(name, 5, shuffle)
    number = ["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"].index(name)
    return lambda width: ((2, 2, width, 0, 5, shuffle, number),
                          lambda data, width: bytes(codec.encode(np.frombuffer(data, f"V{width}"))))


def lz4(block):
    def encode(data, width):
        framed = struct.pack(">QI", len(data), block)
        for begin in range(0, len(data), block):
            part = data[begin:begin + block]
            packed = bytes(numcodecs.LZ4().encode(part))[4:]
            packed = packed if len(packed) < len(part) else part
            framed += struct.pack(">I", len(packed)) + packed
        return framed
    return lambda width: ((block,), encode)


# Filters whose plugins Debian has not got: their chunks are made here and written as they are.
by_hand = {
    "zstd": (32015, lambda width: ((5,), lambda data, width: bytes(numcodecs.Zstd(5).encode(data)))),
    "bzip2": (307, lambda width: ((9,), lambda data, width: bytes(numcodecs.BZ2(9).encode(data)))),
    "lz4": (32004, lz4(1 << 30)),
    "lz4_blocks": (32004, lz4(16)),
    "bitshuffle": (32008, bitshuffle(0, 128)),
    "bitshuffle_lz4": (32008, bitshuffle(2, 128)),
    "bitshuffle_blocks": (32008, bitshuffle(2, 16)),
    "bitshuffle_zstd": (32008, bitshuffle(3, 32)),
}
for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
    for shuffle in (0, 1, 2):
        by_hand[f"blosc_{name}{shuffle}"] = (32001, blosc(name, shuffle))


def write_by_hand(file, variable, values, chunks, maximum, filter_id, recipe):
    parameters, encode = recipe(values.dtype.itemsize)
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk(chunks)
    properties.set_filter(filter_id, h5py.h5z.FLAG_OPTIONAL, parameters)
    maximum = tuple(h5py.h5s.UNLIMITED if n is None else n for n in maximum or values.shape)
    dataset = h5py.h5d.create(file.id, variable.encode(), h5py.h5t.py_create(values.dtype),
                              h5py.h5s.create_simple(values.shape, maximum), properties)
    for origin in itertools.product(*(range(0, n, c) for n, c in zip(values.shape, chunks))):
        chunk = np.zeros(chunks, values.dtype)
        part = values[tuple(slice(o, o + c) for o, c in zip(origin, chunks))]
        chunk[tuple(slice(0, n) for n in part.shape)] = part
        dataset.write_direct_chunk(origin, encode(chunk.tobytes(), values.dtype.itemsize), filter_mask=0)


dtypes = [order + kind for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8") for order in "<>"]
few_dtypes = ["|u1", "<i2", ">f4", "<f8"]
shapes = [((), None, None), ((0,), (4,), (None,)), ((3, 0), (2, 4), (None, None)), ((1,), (1,), None), ((17,), (5,), (None,)),
          ((7, 5), (3, 4), None), ((7, 5), (3, 4), (9, None)), ((6, 9), (4, 4), (None, None)), ((3, 4, 50), (2, 3, 17), (None, 4, 50)),
          ((40, 30), (40, 30), None), ((1000,), (64,), (None,)),
          ((7, 25), (3, 4), (30, None)), ((5, 7, 9), (2, 3, 4), (5, None, 40)), ((25, 7), (4, 3), (None, 30))]

for libver in ("earliest", "latest"):
    for name, options in [*filters.items(), *by_hand.items()]:
        path = f"matrix-{libver}-{name}.h5"
        with h5py.File(os.path.join(directory, path), "w", libver=libver) as file:
            for dtype in dtypes if name in ("none", "all") else few_dtypes:
                for number, (shape, chunks, maximum) in enumerate(shapes):
                    if chunks is None and options:
                        continue
                    if name in by_hand:
                        values = numbers(shape, dtype)
                        variable = f"v{number}_{'be' if dtype[0] == '>' else 'le'}_{dtype[1:]}"
                        write_by_hand(file, variable, values, chunks, maximum, *options)
                        expect(path, variable, values)
                        continue
                    # szip demands whole blocks of pixels in a chunk.
                    if "szip" in name and (chunks is None or np.prod(chunks) < 64):
                        continue
                    variable = f"v{number}_{'be' if dtype[0] == '>' else 'le'}_{dtype[1:]}"
                    values = numbers(shape, dtype)
                    try:
                        file.create_dataset(variable, data=values, chunks=chunks, maxshape=maximum, **options)
                    except ValueError:
                        if name != "szip_ec" and name != "szip_nn" and name != "shuffle_szip":
                            raise
                        continue
                    expect(path, variable, values)

# Layouts without a filter; fill values; chunks never written; half floats; enumerations; odd integers.
for libver in ("earliest", "latest"):
    path = f"layouts-{libver}.h5"
    with h5py.File(os.path.join(directory, path), "w", libver=libver, userblock_size=512) as file:
        for dtype in dtypes + ["<f2", ">f2"]:
            values = numbers((7, 5), dtype)
            tag = ("le_" if dtype[0] == "<" else "be_") + dtype[1:]
            read_as = values.astype("f4") if dtype[1:] == "f2" else values
            file.create_dataset("contiguous_" + tag, data=values)
            expect(path, "contiguous_" + tag, read_as)
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple((7, 5))
            dataset = h5py.h5d.create(file.id, ("compact_" + tag).encode(), h5py.h5t.py_create(np.dtype(dtype)), space, properties)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
            expect(path, "compact_" + tag, read_as)
            sparse = file.create_dataset("sparse_" + tag, (7, 5), dtype, chunks=(2, 3), maxshape=(None, 5), fillvalue=3)
            sparse[4:6, 1:] = values[4:6, 1:]
            expect(path, "sparse_" + tag, sparse[()].astype("f4") if dtype[1:] == "f2" else sparse[()])
            file.create_dataset("never_" + tag, (7, 5), dtype, fillvalue=9)
            expect(path, "never_" + tag, np.full((7, 5), 9, "f4" if dtype[1:] == "f2" else dtype))
        flags = np.array([True, False, True])
        file["flags"] = flags
        expect(path, "flags", flags.astype("i1"))
        kinds = file.create_dataset("kinds", (4,), h5py.enum_dtype({"a": 0, "b": 700}, basetype=">i2"), chunks=(3,), compression="gzip")
        kinds[:] = [0, 700, 0, 700]
        expect(path, "kinds", np.array([0, 700, 0, 700], "i2"))
        for name, type_id, dtype in (("i24", h5py.h5t.STD_I32LE, "i4"), ("u24", h5py.h5t.STD_U32BE, "u4")):
            odd = type_id.copy()
            odd.set_precision(24)
            dataset = h5py.h5d.create(file.id, name.encode(), odd, h5py.h5s.create_simple((5,)))
            values = np.array([1, 2, 300, 40000, 5], dtype)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
            expect(path, name, values)
        scaled = file.create_dataset("scaled", data=np.arange(50, dtype="i4").reshape(5, 10), chunks=(2, 10), scaleoffset=0)
        expect(path, "scaled", scaled[()])
        # Some chunks went through no filter, or through only one of two.
        masked = file.create_dataset("masked", (40,), "<i4", chunks=(10,), shuffle=True, compression="gzip")
        values = np.arange(40, dtype="<i4")
        masked[:] = values
        masked.id.write_direct_chunk((10,), values[10:20].tobytes(), filter_mask=3)
        expect(path, "masked", values)
        if libver == "latest":
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_chunk((3, 4))
            properties.set_deflate(2)
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            dataset = h5py.h5d.create(file.id, b"early", h5py.h5t.STD_I16LE, h5py.h5s.create_simple((7, 5)), properties)
            values = numbers((7, 5), "<i2")
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values)
            expect(path, "early", values)

# Data elsewhere: through the library.
values = np.arange(6.0)
values.tofile(os.path.join(directory, "outside.bin"))
with h5py.File(os.path.join(directory, "elsewhere.h5"), "w") as file:
    file.create_dataset("external", (6,), "f8", external=[("outside.bin", 0, 48)])
    layout = h5py.VirtualLayout((2, 7, 5), dtype="<f4")
    layout[0] = h5py.VirtualSource("layouts-latest.h5", "contiguous_le_f4", (7, 5))
    file.create_virtual_dataset("virtual", layout, fillvalue=-1)
expect("elsewhere.h5", "external", values)
with h5py.File(os.path.join(directory, "layouts-latest.h5")) as file:
    expect("elsewhere.h5", "virtual", np.stack([file["contiguous_le_f4"][()], np.full((7, 5), -1, "<f4")]))

# A filter that nobody here knows; the chunk's bytes do not matter.
with h5py.File(os.path.join(directory, "unknown-filter.h5"), "w") as file:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((8,))
    space = h5py.h5s.create_simple((8,))
    try:
        properties.set_filter(32013, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3))
        dataset = h5py.h5d.create(file.id, b"pressed", h5py.h5t.IEEE_F32LE, space, properties)
        dataset.write_direct_chunk((0,), b"12345678", filter_mask=0)
    except Exception as error:
        print(f"left out: unknown filter: {error}", file=sys.stderr)
    file["plain"] = np.arange(3.0)
expect("unknown-filter.h5", "plain", np.arange(3.0))

# Many attributes and links lie in heaps of their own; long attributes are huge objects there.
for libver in ("earliest", "latest"):
    for track in (False, True):
        path = f"dense-{libver}-{track}.h5"
        with h5py.File(os.path.join(directory, path), "w", libver=libver, track_order=track) as file:
            for i in range(300):
                file.create_dataset(f"v{299 - i}", data=np.array([i], "<i4"), track_order=track)
            for i in range(40):
                file.attrs[f"a{39 - i}"] = i if i % 3 else "text " * (i * 60 + 1)
            if libver == "latest":
                file.attrs["history"] = np.bytes_(b"h" * 70000)
        for i in range(300):
            expect(path, f"v{299 - i}", np.array([i], "<i4"))
manifest.close()
raw.close()
