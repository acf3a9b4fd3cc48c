"""What damaged_inputs.py does to files and stores."""
import bz2
import gzip
import json
import os
import random
import shutil
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Callable

import h5py
import numcodecs

from damaged_bases import COMPRESSORS

BOMB_BYTES = 256 << 20


@dataclass
class Damage:
    label: str
    apply: Callable[[str], None]
    expect: str = "any"         # "any": may be harmless; "an error"; else what the error says
    chunk_only: bool = False    # the metadata are sound: the run reads all else
    under_way: bool = False     # done between opening and reading
    needs_user: bool = False    # root may read everything


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def changed(change, inside=""):
    """`change` makes the new bytes of the file of the old."""
    def apply(path):
        place = path + inside
        put(place, change(contents(place)))
    return apply


def flipped(at, mask):
    return changed(lambda data: data[:at] + bytes([data[at] ^ mask]) + data[at + 1:])


def cut_to(size):
    return changed(lambda data: data[:size])


def whole_file(base):
    """What may happen to any one file."""
    size = os.path.getsize(base.path)
    steps = sorted({size * i // 16 for i in range(16)} | {1, 4, 7, 8, 31, size - 1})
    for at in steps:
        # A NetCDF-3 file may end behind its last value; nothing else may.
        yield Damage(f"cut to {at} of {size} bytes", cut_to(at), "an error" if base.kind != "netcdf3" or at < size - 8 else "any")
    yield Damage("empty", cut_to(0), "an error")
    yield Damage("a folder", replaced_by_folder, "an error")
    yield Damage("a link to itself", linked_to_itself, "an error")
    yield Damage("no file", os.remove, "an error")
    yield Damage("forbidden", lambda path: os.chmod(path, 0), "[Pp]ermission denied", needs_user=True)
    yield Damage("noise", changed(lambda data: random.Random(3).randbytes(len(data))), "an error")
    yield Damage("noise behind its first bytes", changed(lambda data: data[:8] + random.Random(4).randbytes(len(data) - 8)), "an error")
    yield Damage("cut under the run", cut_to(size // 2), "has changed|end|truncated", under_way=True, chunk_only=True)
    yield Damage("longer under the run", changed(lambda data: data + bytes(1000)), "changed", under_way=True, chunk_only=True)
    yield Damage("another file under the run", moved_over, "changed", under_way=True, chunk_only=True)
    yield Damage("removed under the run", os.remove, "an error", under_way=True, chunk_only=True)


def replaced_by_folder(path):
    os.remove(path)
    os.mkdir(path)


def linked_to_itself(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.remove(path)
    os.symlink(os.path.basename(path), path)


def moved_over(path):
    put(path + ".new", contents(path)[:-4] + b"abcd")
    os.utime(path + ".new", ns=(1, 1))
    os.replace(path + ".new", path)


def netcdf3_damages(base):
    data = contents(base.path)
    header = data.index(b"units") + 60
    pick = random.Random(base.name)
    for at in range(4, min(header, len(data)), 5):
        yield Damage(f"byte {at} of the header flipped", flipped(at, pick.choice((1, 0x80, 0xFF, 0x7F))))
    width = 8 if base.name == "cdf5" else 4
    for value, what in ((2**31 - 1, "2^31 - 1"), (2**width * 8 - 2, "many"), (10**6, "a million")):
        lying = value.to_bytes(width, "big")
        yield Damage(f"{what} records", changed(lambda data, lying=lying: data[:4] + lying + data[4 + len(lying):]), "an error" if value < 2**31 else "any")


SIGNATURES = (b"OHDR", b"OCHK", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF", b"BTIN", b"FAHD", b"FADB",
              b"EAHD", b"EAIB", b"EASB", b"EADB")


def hdf5_damages(base):
    data = contents(base.path)
    pick = random.Random(base.name)
    for at in range(0, 48, 3):
        yield Damage(f"byte {at} of the superblock flipped", flipped(at, pick.choice((1, 0x80, 0xFF))))
    for signature in SIGNATURES:
        places = [i for i in range(len(data) - 64) if data[i:i + 4] == signature]
        for place in {*places[:1], *places[-1:]}:
            for offset in (0, 4, 6, 8, 12, 17, 24, 33):
                yield Damage(f"byte {offset} of {signature.decode()} at {place} flipped", flipped(place + offset, pick.choice((1, 0x80, 0xFF, 0x10))))
    with h5py.File(base.path) as file:
        dataset = file["v"].id
        chunks = [dataset.get_chunk_info(i) for i in range(dataset.get_num_chunks())]
    for number in (0, len(chunks) // 2, len(chunks) - 1):
        info = chunks[number]
        named = rf"chunk \({', '.join(str(i // n) for i, n in zip(info.chunk_offset, (2, 8, 5)))}\) of v in "
        for label, at in (("first byte", 0), ("middle", info.size // 2), ("checksum", info.size - 1)):
            yield Damage(f"{label} of chunk {number} flipped", flipped(info.byte_offset + at, 0x55), named, chunk_only=True)

    def with_chunk(stream):
        def apply(path):
            with h5py.File(path, "r+") as file:
                file["v"].id.write_direct_chunk((0, 0, 0), stream)
        return apply
    yield Damage("a bomb for a chunk", with_chunk(zlib_bomb()), r"chunk \(0, 0, 0\) of v in ", chunk_only=True)
    yield Damage("a short chunk", with_chunk(b"abc"), r"chunk \(0, 0, 0\) of v in ", chunk_only=True)


def zlib_bomb(bytes_=BOMB_BYTES, wbits=15):
    packer = zlib.compressobj(6, zlib.DEFLATED, wbits)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(bytes_ >> 20)) + packer.flush()


def bomb_of(compressor):
    """A stream that would decode to 256 MiB or claims so."""
    megabyte = bytes(1 << 20)
    if compressor == "zlib":
        return zlib_bomb()
    if compressor == "gzip":
        return zlib_bomb(wbits=31) + gzip.compress(megabyte) * 10
    if compressor == "bz2":
        return bz2.compress(megabyte) * 256
    if compressor == "zstd":
        return bytes(numcodecs.Zstd(3).encode(megabyte)) * 256
    if compressor == "lz4":
        return struct.pack("<I", 2**31 - 2) + bytes(numcodecs.LZ4().encode(megabyte))[4:]
    stream = bytearray(numcodecs.Blosc("zstd", 3, 1).encode(megabyte))
    stream[4:8] = struct.pack("<I", 2**31 - 20)
    return bytes(stream)


STRANGE = (None, -1, 0, 2**62, 2**70, 1.5, "x", [], {}, [-1, 2, 3], [2**62, 2**62, 2**62], [7, 8], ["a", "b", "c"], True)


def json_damages(inside, document, optional):
    """Each member left out and replaced by strange values."""
    pick = random.Random(inside)
    for key in document:
        for value in ("missing", *pick.sample(STRANGE, 5)):
            def change(data, key=key, value=value):
                damaged = json.loads(data)
                if value == "missing":
                    del damaged[key]
                else:
                    damaged[key] = value
                return json.dumps(damaged).encode()
            label = value if value == "missing" else json.dumps(value)
            yield Damage(f"{inside[1:]}: {key} {label}", changed(change, inside), "any" if key in optional or value != "missing" else "an error")


def zarr_damages(base):
    name = ".zarray" if base.kind == "zarr2" else "zarr.json"
    inside = "/v/" + name
    document = contents(base.path + inside)
    size = len(document)
    for at in (0, 1, size // 3, size // 2, size - 2):
        yield Damage(f"{name} cut to {at} bytes", changed(lambda data, at=at: data[:at], inside), "an error")
    if base.name in ("zarr2_zlib", "zarr3", "zarr3_shards"):
        optional = ("filters", "compressor", "order", "dimension_separator", "fill_value", "attributes", "dimension_names", "storage_transformers")
        yield from json_damages(inside, json.loads(document), optional)
        for claim in ([2**62, 8, 10], [2**31, 2**31, 2]):
            yield Damage(f"shape {claim}", changed(lambda data, claim=claim: json.dumps({**json.loads(data), "shape": claim}).encode(), inside), "an error")
        deep = b"[" * 100000 + b"]" * 100000
        yield Damage("very deep JSON", changed(lambda data: data[:-1] + b', "deep": ' + deep + b"}", inside), "any")
        yield Damage(f"{name} is a folder", lambda path: replaced_by_folder(path + inside), "an error")
        yield Damage(f"{name} is a link to itself", lambda path: linked_to_itself(path + inside), "an error")
        yield Damage(f"{name} forbidden", lambda path: os.chmod(path + inside, 0), "[Pp]ermission denied", needs_user=True)
        yield Damage(f"{name} removed under the run", lambda path: os.remove(path + inside), under_way=True, chunk_only=True)
        yield Damage("the store is a link to itself", linked_to_itself, "an error")
        yield Damage("the store forbidden", lambda path: os.chmod(path, 0), "[Pp]ermission denied", needs_user=True)
        yield Damage("an empty folder", lambda path: (shutil.rmtree(path), os.mkdir(path)), "an error")
        yield Damage("a folder that links to the store", lambda path: os.symlink("..", path + "/v/deeper"), "any")
        yield Damage("a group that links to the store", lambda path: os.symlink(".", path + "/loop"), "any")
        yield Damage("the store removed under the run", shutil.rmtree, "an error", under_way=True, chunk_only=True)
    yield from chunk_damages(base)


def chunk_damages(base):
    chunk, index = "/v/1.0.1", (1, 0, 1)
    if base.kind == "zarr3":
        chunk = "/v/c/1/0/0" if "shards" in base.name else "/v/c/1/0/1"
    size = os.path.getsize(base.path + chunk)
    named = r"chunk \(%d, %d, %d\) of v in " % index if "shards" not in base.name else r"chunk \(\d, \d, \d\) of v in "
    for at in (0, 1, 5, size // 2, size - 1):
        yield Damage(f"a chunk cut to {at} of {size} bytes", changed(lambda data, at=at: data[:at], chunk), named, chunk_only=True)
    pick = random.Random(base.name)
    checked = base.kind == "zarr3" or "checksum" in base.name
    for at in sorted({0, 1, 2, 4, 8, 12, 15, size - 1, size - 4, *(pick.randrange(size) for _ in range(4))}):
        change = changed(lambda data, at=at: data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:], chunk)
        yield Damage(f"byte {at} of a chunk flipped", change, named if checked and base.kind == "zarr3" else "any", chunk_only=True)
    if base.kind == "zarr2" and base.name[6:] in COMPRESSORS:
        bomb = bomb_of(base.name[6:])
        yield Damage("a bomb for a chunk", lambda path: put(path + chunk, bomb), named, chunk_only=True)
        yield Damage("a bomb for a chunk under the run", lambda path: put(path + chunk, bomb), named, chunk_only=True, under_way=True)
    yield Damage("a chunk is a folder", lambda path: replaced_by_folder(path + chunk), named, chunk_only=True)
    yield Damage("a chunk is a link to itself", lambda path: linked_to_itself(path + chunk), named, chunk_only=True)
    yield Damage("a chunk forbidden", lambda path: os.chmod(path + chunk, 0), named, chunk_only=True, needs_user=True)
    yield Damage("a chunk cut under the run", lambda path: changed(lambda data: data[:-3], chunk)(path), named, chunk_only=True, under_way=True)


def zip_damages(base):
    data = contents(base.path)
    pick = random.Random(base.name)
    directory = data.rindex(b"PK\5\6")
    for at in range(directory, len(data), 2):
        yield Damage(f"byte {at - directory} of the end record flipped", flipped(at, pick.choice((1, 0x80, 0xFF))))
    for signature in (b"PK\1\2", b"PK\3\4"):
        places = [i for i in range(len(data) - 46) if data[i:i + 4] == signature]
        for place in (places[0], places[len(places) // 2]):
            for offset in range(0, 46, 4):
                yield Damage(f"byte {offset} of {signature!r} at {place} flipped", flipped(place + offset, pick.choice((1, 0x80, 0xFF))))

    def with_member(changed_name, block, count):
        """`changed_name` becomes `count` times `block`, never held as a whole: what this process takes, runs seem to take."""
        def apply(path):
            with zipfile.ZipFile(path) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, member in members.items():
                    with archive.open(name, "w") as file:
                        for part in [block] * count if name == changed_name else [member]:
                            file.write(part)
        return apply
    named = r"chunk \(1, 0, 1\) of v in "
    yield Damage("a member that is a bomb for a chunk", with_member("v/c/1/0/1", bytes(1 << 20), BOMB_BYTES >> 20), named, chunk_only=True)
    yield Damage("a member that is a bomb for metadata", with_member("v/zarr.json", b" " * (1 << 20), BOMB_BYTES >> 20), "an error")
    yield Damage("a short chunk", with_member("v/c/1/0/1", b"abc", 1), named, chunk_only=True)


def damages_of(base):
    if os.path.isfile(base.path):
        yield from whole_file(base)
    yield from {"netcdf3": netcdf3_damages, "hdf5": hdf5_damages, "zarr2": zarr_damages, "zarr3": zarr_damages, "zip": zip_damages}[base.kind](base)
