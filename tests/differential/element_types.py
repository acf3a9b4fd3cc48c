"""element_types.py --rankine RANKINE --work FOLDER

Every element type that a Zarr store can have: copied, read and written again by Rankine, it is what zarr-python reads (v2), and
what the tests' own writer of v3 stores reads. What Rankine cannot read is left out with a note that names it and says why.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import warnings

import numcodecs
import numpy as np
import xarray as xr
import zarr

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store"))
import zarr_v3_writer as v3  # noqa: E402

problems = []
HALVES = np.array([0.1, 2, -0.0, 65504, 6e-8, -1.5, np.inf, 3], "f2")
X = np.arange(8)
V2 = {
    "half": (HALVES, dict(fill_value=np.float16(0.1))),
    "half_big": (HALVES.astype(">f2"), dict(fill_value=np.nan)),
    "half_packed": (HALVES, dict(fill_value=None, filters=[numcodecs.Shuffle(2)], compressor=numcodecs.Zlib(4))),
    "half_f_order": (np.arange(24).reshape(4, 6).astype("f2") / 7, dict(fill_value=-1.0, order="F")),
    **{dtype.strip("<>|"): (X.astype(dtype), dict(fill_value=0)) for dtype in ("i1", "<i2", "<i4", "<i8", "u1", "<u2", "<u4", "<u8", "<f4", "<f8")},
    **{"big_" + dtype[1:]: (X.astype(dtype), dict(fill_value=3)) for dtype in (">i2", ">i4", ">i8", ">u2", ">u4", ">u8", ">f4", ">f8")},
    "bytes_filled": (np.array([b"abc", b"d", b"", b"ef"] * 2, "S3"), dict(fill_value=b"abc")),
    "bytes": (np.array([b"abc", b"d", b"", b"ef"] * 2, "S3"), dict(fill_value=None)),
    "texts": (np.array(["ä", "bc", "", "efgh"] * 2, "<U4"), dict(fill_value="bc")),
    "texts_big": (np.array(["ä", "bc", "", "efgh"] * 2, ">U4"), dict(fill_value="")),
    "objects": (np.array(["a", "bb", "", "dä"] * 2, object), dict(object_codec=numcodecs.VLenUTF8())),
    "object_bytes": (np.array([b"a", b"\xff2", b"", b"xyz"] * 2, object), dict(object_codec=numcodecs.VLenBytes())),
}
NOTED_V2 = {
    "complex": (X.astype("c8"), {}, "dtype '<c8' is not supported"),
    "complex_double": (X.astype("c16"), {}, "dtype '<c16' is not supported"),
    "records": (np.zeros(8, [("a", "i4"), ("b", "f8")]), {}, "structured dtypes are not supported"),
    "raw": (np.array([b"abc"] * 8, "V3"), {}, "dtype '|V3' is not supported"),
    "months": (X.astype("M8[M]"), {}, "dtype '<M8[M]' is not supported"),
    "json": (np.array(["a", 2, None, [1]] * 2, object), dict(object_codec=numcodecs.JSON()), "codec 'json2' is not supported"),
    "pickles": (np.array(["a", 2, None, [1]] * 2, object), dict(object_codec=numcodecs.Pickle()), "codec 'pickle' is not supported"),
    "half_delta": (HALVES, dict(filters=[numcodecs.Delta("f2")]), "a filter of dtype '<f2' is not supported"),
}
COPY = """import sys
import xarray as xr
ds = xr.open_zarr(sys.argv[1], decode_cf=False)
ds.to_zarr(sys.argv[2], mode="w")
"""
WRITTEN = """import sys
import xarray as xr
ds = xr.open_dataset(sys.argv[1])
encoding = {"single": {"dtype": "float16"}, "double": {"dtype": "f2", "_FillValue": 0.3},
            "scaled": {"dtype": "float16", "scale_factor": 0.25, "add_offset": 3.0}, "whole": {"dtype": "float16", "_FillValue": -999},
            "beyond": {"dtype": "float16"}}
ds.to_zarr(sys.argv[2], mode="w", encoding=encoding, consolidated=True)
ds.drop_vars("whole").to_zarr(sys.argv[2], append_dim="x")
ds[["double"]].isel(x=slice(0, 5)).to_zarr(sys.argv[2], region={"x": slice(4, 9)})
"""


def run(options, script, *arguments):
    path = options.work + "/script.py"
    with open(path, "w") as file:
        file.write(script)
    done = subprocess.run([options.rankine, "run", path, *arguments], capture_output=True, text=True, check=False, timeout=100)
    if done.returncode != 0:
        problems.append(f"{arguments}: exit {done.returncode}: {done.stderr}")
    return [line for line in done.stderr.splitlines() if "left out" in line]


def same(got, expected, what):
    got, expected = np.asarray(got), np.asarray(expected)
    if expected.dtype.kind not in "OSU":
        expected = expected.astype(expected.dtype.newbyteorder("<"))
    elif expected.dtype == object and got.dtype.kind in "SU":
        expected = expected.astype(got.dtype)
    if got.dtype != expected.dtype.newbyteorder("<") or got.shape != expected.shape or got.tobytes() != expected.astype(got.dtype).tobytes():
        problems.append(f"{what}: {got!r} is not {expected!r}")


def check_v2(options):
    source, target = options.work + "/types.zarr", options.work + "/copy.zarr"
    group = zarr.open_group(source, mode="w")
    for name, (values, more) in {**V2, **{name: case[:2] for name, case in NOTED_V2.items()}}.items():
        array = group.create_dataset(name, data=values, chunks=(3,) * values.ndim, **more)
        array.attrs["_ARRAY_DIMENSIONS"] = ["x"] if values.ndim == 1 else ["y", "z"]
    zarr.consolidate_metadata(source)
    noted = run(options, COPY, source, target)
    expected = sorted(f"variable '{name}' of {source} is left out: {why}" for name, (_, _, why) in NOTED_V2.items())
    if sorted(noted) != expected:
        problems.append(f"the notes {noted} are not {expected}")
    copy = zarr.open_group(target, mode="r")
    if set(copy) != set(V2):
        problems.append(f"the copy has {sorted(copy)}, not {sorted(V2)}")
    for name, (values, _) in V2.items():
        same(copy[name][...], values, name)
        fill, wanted = copy[name].fill_value, group[name].fill_value
        if wanted is None and values.dtype.kind == "f":
            wanted = np.nan  # xarray's default
        if name not in ("objects", "object_bytes") and not (fill == wanted or (fill != fill and wanted != wanted)):
            problems.append(f"{name}: fill value {fill!r}, not {wanted!r}")


def check_written(options):
    """float16 asked for by encoding, appended to and written in part: what xarray writes."""
    source = options.work + "/in.nc"
    random = np.random.default_rng(7)
    ds = xr.Dataset({
        "single": ("x", random.normal(size=50).astype("f4")), "double": ("x", np.append(random.normal(size=48), [np.nan, 1 + 2.0**-11 + 2.0**-40])),
        "scaled": ("x", random.normal(size=50)), "whole": ("w", np.arange(2040, 2060, dtype="i4")),
        "beyond": ("x", 10.0 ** random.uniform(-9, 4.7, 50))})
    ds.to_netcdf(source)
    run(options, WRITTEN, source, options.work + "/ours.zarr")
    with open(options.work + "/script.py", "w") as file:
        file.write(WRITTEN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subprocess.run([sys.executable, "-W", "ignore", options.work + "/script.py", source, options.work + "/theirs.zarr"], check=True)
    ours, theirs = zarr.open_group(options.work + "/ours.zarr", mode="r"), zarr.open_group(options.work + "/theirs.zarr", mode="r")
    for name in ds.variables:
        same(ours[name][...], theirs[name][...], "written " + name)
        if repr(ours[name].fill_value) != repr(theirs[name].fill_value):
            problems.append(f"written {name}: fill value {ours[name].fill_value!r}, not {theirs[name].fill_value!r}")


def check_v3(options):
    source, target = options.work + "/types3.zarr", options.work + "/copy3.zarr"

    def put(key, data):
        path = os.path.join(source, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    shutil.rmtree(source, ignore_errors=True)
    put("zarr.json", json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}}).encode())
    little = [v3.BYTES, v3.ZSTD]
    odd_nan = np.array([0x7E01], "u2").view("f2")[0]
    readable = {"half": (HALVES, little, 0.0, {}), "half_big": (HALVES, [v3.BIG], "NaN", {(1,): np.nan}),
                "half_bits": (HALVES, little, "0x7e01", {(1,): odd_nan}), "half_rounded": (HALVES, little, 0.1, {(2,): np.float16(0.1)}),
                "half_shards": (HALVES, [v3.shard((1,), little)], 0.0, {}), "truth": (X % 3 == 0, little, True, {(1,): True}),
                **{dtype: (X.astype(dtype), little, 5, {(0,): 5}) for dtype in
                   ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")}}
    expected = {}
    for name, (values, codecs, fill, skip) in readable.items():
        _, expected[name] = v3.write_array(put, name, values, (3,), codecs, fill, dims=["x"], skip=skip)
    fixed = {"name": "null_terminated_bytes", "configuration": {"length_bytes": 3}}
    texts = {"name": "fixed_length_utf32", "configuration": {"length_bytes": 12}}
    for name, values, codecs, data_type in (
            ("bytes", np.array([b"abc", b"d", b"", b"ef"] * 2, "S3"), little, fixed), ("texts", np.array(["ä", "bc", "", "efg"] * 2, "<U3"), little, texts),
            ("strings", np.array(["ä", "bc", "", "efghi"] * 2, "<U5"), [{"name": "vlen-utf8"}, v3.ZSTD], "string")):
        _, expected[name] = v3.write_array(put, name, values, (3,), codecs, "", data_type=data_type, dims=["x"])
    dates = {"name": "numpy.datetime64", "configuration": {"unit": "s", "scale_factor": 2}}
    v3.write_array(put, "seconds", X, (3,), little, 5, data_type=dates, dims=["x"])
    noted = {"r16": "r16", "complex64": "complex64", "int4": "int4", "bfloat16": "bfloat16",
             "records": {"name": "struct", "configuration": {"fields": []}}}
    for name, data_type in noted.items():
        v3.write_array(put, name, X.astype("i2"), (3,), little, 0, data_type=data_type, dims=["x"])
    notes = run(options, COPY.replace('mode="w"', 'mode="w", zarr_format=3'), source, target)
    wanted = sorted(f"variable '{name}' of {source} is left out: data type {json.dumps(kind, separators=(',', ':'))} is not supported" for name, kind in noted.items())
    if sorted(notes) != wanted:
        problems.append(f"the notes {sorted(notes)} are not {wanted}")
    for name, values in expected.items():
        if values.dtype.kind in "SU":
            continue
        document = json.load(open(f"{target}/{name}/zarr.json"))
        raw = options.work + "/raw"
        values = values.astype("i1") if values.dtype == bool else values  # as xarray writes them
        values.tofile(raw)
        if document["data_type"] != values.dtype.name:
            problems.append(f"v3 {name} was written as {document['data_type']}")
        try:
            v3.read(target, name, raw)
        except AssertionError as error:
            problems.append(f"v3 {name}: {error}")
    run(options, "import sys\nimport xarray as xr\nxr.open_zarr(sys.argv[1], decode_cf=False)[['bytes', 'texts', 'strings', 'seconds']].to_netcdf(sys.argv[2])\n",
        source, options.work + "/texts.nc")
    with xr.open_dataset(options.work + "/texts.nc") as read:
        same(read["seconds"].values, (X * 2).astype("M8[s]").astype("M8[ns]"), "v3 seconds")
        for name in ("bytes", "texts", "strings"):
            same(read[name].values.astype(expected[name].dtype), expected[name], "v3 " + name)


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    os.makedirs(options.work)
    check_v2(options)
    check_written(options)
    check_v3(options)
    sys.exit("\n".join(problems) or None)


if __name__ == "__main__":
    main()
