"""Every dtype, byte order, element order, compressor, filter and shape that python3-zarr writes: make_zarr_stores.py FOLDER.

FOLDER/matrix.zarr holds the arrays; manifest.txt names each with the dtype and shape in which it is to be read, and
values.bin the values so read, one after the other, little endian.
"""
import itertools
import sys

import numcodecs
import numpy as np
import zarr

folder = sys.argv[1]
root = zarr.open_group(folder + "/matrix.zarr", mode="w")
manifest = open(folder + "/manifest.txt", "w")
values_file = open(folder + "/values.bin", "wb")
random = np.random.default_rng(3)

DTYPES = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "M8[ns]", "M8[us]", "M8[ms]", "M8[s]", "M8[m]",
          "M8[h]", "M8[D]", "M8[W]", "m8[ns]", "m8[s]"]
COMPRESSORS = {"none": None, "zlib": numcodecs.Zlib(4), "gzip": numcodecs.GZip(1), "zstd": numcodecs.Zstd(3), "lz4": numcodecs.LZ4(),
               "bz2": numcodecs.BZ2(1)}
COMPRESSORS.update({f"blosc_{name}_{shuffle}": numcodecs.Blosc(name, 5, shuffle)
                    for name in ("blosclz", "lz4", "lz4hc", "zlib", "zstd") for shuffle in (0, 1, 2)})
FILTERS = {"plain": lambda dtype: [], "shuffle": lambda dtype: [numcodecs.Shuffle(dtype.itemsize)],
           "fletcher": lambda dtype: [numcodecs.Fletcher32()] if hasattr(numcodecs, "Fletcher32") else [],
           "crc": lambda dtype: [numcodecs.CRC32()]}
SHAPES = {"scalar": ((), ()), "empty": ((0,), (3,)), "hollow": ((4, 0), (2, 1)), "one": ((1,), (1,)), "odd": ((7, 5), (3, 2)),
          "deep": ((2, 3, 4), (1, 3, 3))}


def some_values(dtype, shape):
    kind = dtype.kind
    count = int(np.prod(shape, dtype=int))
    if kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    if kind in "iu":
        return random.integers(0, 256, count * dtype.itemsize, dtype="u1").view(dtype.newbyteorder("=")).reshape(shape).astype(dtype)
    if kind == "f":
        # Every bit pattern of a half float may come; NaNs of one kind only.
        bits = random.integers(0, 256, count * dtype.itemsize, dtype="u1").view(dtype.newbyteorder("=")).reshape(shape)
        return np.where(np.isnan(bits), np.array(np.nan, bits.dtype), bits).astype(dtype)
    ticks = random.integers(-3000, 3000, shape)
    numbers = np.asarray(ticks).astype("i8")
    if count > 2:
        numbers.reshape(-1)[1] = np.iinfo("i8").min  # NaT
    return numbers.view(dtype.newbyteorder("=")).astype(dtype)


def as_read(values):
    kind = values.dtype.kind
    if kind == "f" and values.dtype.itemsize == 2:
        return values.astype("<f4"), "float32"
    if kind in "Mm":
        unit = f"<{kind}8[ns]"
        return values.astype(unit), f"{'datetime64' if kind == 'M' else 'timedelta64'}[ns]"
    return values.astype(values.dtype.newbyteorder("<")), values.dtype.newbyteorder("=").name


def add(name, dtype, shape_name, order="C", compressor=None, filters=None, separator=".", sparse=False):
    shape, chunks = SHAPES[shape_name]
    values = some_values(dtype, shape)
    # A default of another kind than zero shows that fill values are converted as well.
    fill = 3 if dtype.kind in "iuMm" and sparse else 1.5 if dtype.kind == "f" and sparse else 0
    array = root.create_dataset(name, shape=shape, chunks=chunks or None, dtype=dtype, order=order, compressor=compressor, filters=filters or None,
                                fill_value=fill, dimension_separator=separator)
    if sparse:
        values = np.full(shape, np.array(fill).astype("i8").astype(dtype) if dtype.kind in "Mm" else fill, dtype)
    elif values.size:
        array[...] = values
    array.attrs["_ARRAY_DIMENSIONS"] = [f"{shape_name}_{axis}" for axis in range(len(shape))]
    read, dtype_name = as_read(values)
    manifest.write(f"{name} {dtype_name} {','.join(map(str, shape)) or '-'}\n")
    values_file.write(np.ascontiguousarray(read).tobytes())


for code, endian in itertools.product(DTYPES, "<>"):
    dtype = np.dtype(("|" if np.dtype(code).itemsize == 1 else endian) + code)
    if dtype.itemsize == 1 and endian == ">":
        continue
    tag = code.replace("[", "").replace("]", "") + ("be" if endian == ">" else "le")
    for shape_name in SHAPES:
        for order in "CF":
            add(f"{tag}_{shape_name}_{order}", dtype, shape_name, order, COMPRESSORS["zlib"])
    add(f"{tag}_sparse", dtype, "odd", sparse=True)
    for name, filters in FILTERS.items():
        add(f"{tag}_{name}", dtype, "odd", "F", COMPRESSORS["zstd"], filters(dtype), "/")
    if code in ("i2", "f2", "f4", "f8", "M8[s]"):
        for name, compressor in COMPRESSORS.items():
            add(f"{tag}_{name}", dtype, "odd", "C", compressor)
root.create_dataset("complex", data=np.ones(3, "c8"))
root.create_dataset("record", data=np.zeros(3, [("a", "i4"), ("b", "f4")]))
root.create_dataset("month", data=np.zeros(3, "M8[M]"))
zarr.consolidate_metadata(folder + "/matrix.zarr")
