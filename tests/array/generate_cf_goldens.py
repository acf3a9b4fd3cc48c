#!/usr/bin/python3
"""Writes cf_decode.txt and cf_encode.txt beside this script: what xarray 2023.01 makes of packed numbers.

Lines: dtype|values|attributes (name:dtype:values;...)|dtype|values, floats in hexadecimal.
"""
import itertools
import os
import warnings

import numpy as np
import xarray as xr
from xarray import conventions

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))


def word(v):
    if np.isnan(v):
        return "nan"
    return float(v).hex() if isinstance(v, (float, np.floating)) else str(int(v))


def words(values):
    return " ".join(word(v) for v in np.ravel(values))


def attr_text(attrs):
    parts = []
    for k, v in attrs.items():
        if isinstance(v, str):
            parts.append(f"{k}:text:{v}")
        else:
            a = np.asarray(v)
            parts.append(f"{k}:{a.dtype.name}:{words(a)}")
    return ";".join(parts)


def shown(a):
    if a.dtype.kind in "mM":
        return ("datetime64" if a.dtype.kind == "M" else "timedelta64") + "|" + words(a.astype("i8"))
    return a.dtype.name + "|" + words(a)


def decode():
    raws = {
        "int8": [-128, -1, 0, 5, 127], "int16": [-32767, -999, 0, 31, 32767], "int32": [-2147483647, -9999, 0, 17, 16777217],
        "int64": [-9999, 0, 3, 2**53 + 1], "uint8": [0, 1, 128, 255], "uint16": [0, 999, 65535],
        "float32": [np.float32(1e20), np.float32(-9999), np.float32(0.1), np.nan, 5.5],
        "float64": [1e20, -9999.0, 0.1, np.nan, 5.5],
    }
    fills = [{}, {"_FillValue": "first"}, {"_FillValue": "first", "missing_value": "second"},
             {"missing_value": np.float64(-9999)}, {"missing_value": np.int32(-9999)},
             {"_FillValue": np.float64(1e20)}, {"missing_value": np.array([0.0, -9999.0])}, {"_FillValue": np.float64(0.1)}]
    packs = [{}, {"scale_factor": np.float64(0.1)}, {"scale_factor": np.float32(0.1)}, {"add_offset": np.float64(273.15)},
             {"scale_factor": np.float64(0.0123456789), "add_offset": np.float64(273.15)},
             {"scale_factor": np.float32(0.01), "add_offset": np.float32(100.5)},
             {"scale_factor": np.int32(1000000), "add_offset": np.int64(70000)}, {"scale_factor": np.float64(1e39)}]
    times = [{"units": "days"}, {"units": "hours"}, {"units": "days since 2000-01-01"}]
    for (dtype, raw), fill, pack in itertools.product(raws.items(), fills, packs):
        data = np.array(raw, dtype)
        attrs = {k: (data[0] if v == "first" else data[1]) if isinstance(v, str) else v for k, v in fill.items()}
        attrs.update(pack)
        yield data, attrs
    for dtype in ["int8", "int16", "uint8"]:
        for flag in ["true", "false"]:
            data = np.array(raws[dtype], dtype)
            yield data, {"_Unsigned": flag, "_FillValue": data[1]}
            yield data, {"_Unsigned": flag, "scale_factor": np.float64(0.5)}
    for attrs in times:
        for dtype in ["int16", "int32", "int64", "float32", "float64"]:
            yield np.array([0, 1, 30, -7], dtype), attrs
            yield np.array([0, 1, 30, -7], dtype), dict(attrs, _FillValue=np.array(30, dtype))
        for dtype in ["float32", "float64"]:
            yield np.array([0.1, 1 / 3, np.nan, 1234.56789, -0.7, 2.9999999], dtype), attrs


with open(os.path.join(HERE, "cf_decode.txt"), "w") as out:
    for data, attrs in decode():
        text = attr_text(attrs)
        result = conventions.decode_cf_variable("v", xr.Variable(("i",), data, dict(attrs)))
        out.write(f"{data.dtype.name}|{words(data)}|{text}|{shown(np.asarray(result.values))}\n")


def encode():
    floats = [0.1, -5.55, 2.5, 3.5, np.nan, 100.0]
    encodings = [{}, {"dtype": "int16", "_FillValue": np.int64(-999)}, {"dtype": "float32"},
                 {"dtype": "int16", "scale_factor": 0.01, "add_offset": 1.5, "_FillValue": np.int16(-32767)},
                 {"dtype": "int32", "scale_factor": np.float32(0.1), "_FillValue": np.float64(-9999.0)},
                 {"_FillValue": np.float32(1e20), "missing_value": np.float32(1e20)}, {"missing_value": np.float64(-1.0)},
                 {"dtype": "uint8", "scale_factor": np.float64(0.5), "_FillValue": np.int64(255)}]
    for dtype in ["float32", "float64"]:
        for encoding in encodings:
            yield np.array(floats, dtype), encoding
    for dtype in ["int32", "int64", "bool"]:
        for encoding in [{}, {"dtype": "float32"}, {"dtype": "int16"}, {"dtype": "int32", "_FillValue": np.int64(-1)}]:
            yield np.array([0, 1, 1, 0, 1], dtype), encoding


with open(os.path.join(HERE, "cf_encode.txt"), "w") as out:
    for data, encoding in encode():
        result = conventions.encode_cf_variable(xr.Variable(("i",), data, {}, dict(encoding)), name="v")
        out.write(f"{data.dtype.name}|{words(data)}|{attr_text(encoding)}|{shown(np.asarray(result.data))}"
                  f"|{attr_text(result.attrs)}\n")
