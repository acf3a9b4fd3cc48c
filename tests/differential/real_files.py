"""real_files.py --rankine RANKINE --data FOLDER --work FOLDER

Each real file by its name: Rankine copies its variables undecoded, and every number equals what netCDF4, h5py or zarr read
from the original, bit for bit.
"""
import argparse
import os
import shutil
import subprocess
import sys

import h5py
import netCDF4
import numpy as np
import zarr

CLIMATE = ("E1_north_america", "canesm2_365day_tasmax", "cmip6_o3", "eraint_uvz", "hadgem2_360day_tasmax", "nrcan", "orca2_votemper",
           "ostia_monthly", "ta_day_CanESM5_19910101-20001231", "ta_day_CanESM5_20010101-20101231", "total_column_co2")
NETCDF = ("ref_hdf5_compat1.nc", "ref_hdf5_compat2.nc", "ref_hdf5_compat3.nc", "ref_nctest_64bit_offset.nc", "ref_nctest_classic.nc",
          "ref_szip.h5", "ref_test_360_day_1900.nc", "ref_test_365_day_1900.nc", "ref_test_366_day_1900.nc", "ref_tst_interops4.nc",
          "tdset.h5")
ARRAYS = ("zarr_v2/blosc", "zarr_v2/gzip", "zarr_v2/raw", "zarr_v2/zlib", "zarr_v2_small/array_blosc_C.zarr",
          "zarr_v2_small/array_blosc_F.zarr", "zarr_v2_small/array_gzip_C.zarr", "zarr_v2_small/array_none_C.zarr",
          "zarr_v2_small/array_none_F.zarr", "zarr_v2_small/array_zstd_C.zarr", "zarr_v3/array_blosc.zarr",
          "zarr_v3/array_gzip.zarr", "zarr_v3/array_none.zarr", "zarr_v3/array_zstd.zarr")
SCRIPT = """import sys
import xarray as xr
kind, source, target = sys.argv[1:4]
ds = xr.open_dataset(source, decode_cf=False) if kind == "netcdf" else xr.open_zarr(source, decode_cf=False)
ds.to_netcdf(target)
"""
problems = []


def differ(got, expected):
    got, expected = np.asarray(got), np.asarray(expected)
    expected = expected.astype(expected.dtype.newbyteorder("="))
    return got.dtype != expected.dtype or got.shape != expected.shape or got.tobytes() != expected.tobytes()


def copied(options, kind, source, target):
    done = subprocess.run([options.rankine, "run", "--quiet", options.work + "/script.py", kind, source, target],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        problems.append(f"{source}: {done.stderr.strip()}")
    return done.returncode == 0


def compare_netcdf(options, source, target):
    """The number of numeric variables of the file's root group that were compared."""
    if not copied(options, "netcdf", source, target):
        return 0
    compared = 0
    with netCDF4.Dataset(source) as original, netCDF4.Dataset(target) as copy:
        for dataset in (original, copy):
            dataset.set_auto_maskandscale(False)
        for name, variable in original.variables.items():
            if not isinstance(variable.dtype, np.dtype) or variable.dtype.kind not in "iuf":
                continue
            if name not in copy.variables:
                problems.append(f"{source}: {name} was not read")
                continue
            compared += 1
            if differ(copy[name][...], variable[...]):
                problems.append(f"{source}: {name} has other values than netCDF4 reads")
        if original.data_model.startswith("NETCDF4"):
            with h5py.File(source) as file:
                for name in set(copy.variables) & set(file):
                    if file[name].dtype.kind in "iuf" and differ(copy[name][...], file[name][()]) and file[name].shape == copy[name].shape:
                        problems.append(f"{source}: {name} has other values than h5py reads")
    return compared


def compare_array(options, source, target):
    if not copied(options, "zarr", source, target):
        return
    if os.path.exists(source + "/.zarray"):
        expected = zarr.open_array(source, mode="r")[...]
    else:
        expected = np.arange(100, dtype="i4").reshape(10, 10)  # this zarr reads no v3; its documentation says what they hold
    with netCDF4.Dataset(target) as copy:
        (variable,) = copy.variables.values()
        variable.set_auto_maskandscale(False)
        if differ(variable[...].astype(expected.dtype), expected):
            problems.append(f"{source}: other values than zarr reads")


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "data", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    if not os.path.isdir(options.data + "/climate"):
        print(f"skipped: no real files in {options.data}")
        sys.exit(77)
    shutil.rmtree(options.work, ignore_errors=True)
    os.makedirs(options.work)
    with open(options.work + "/script.py", "w") as file:
        file.write(SCRIPT)
    target = options.work + "/copy.nc"
    compared = 0
    for name in CLIMATE:
        compared += compare_netcdf(options, f"{options.data}/climate/{name}.nc", target)
    for name in NETCDF:
        compared += compare_netcdf(options, f"{options.data}/formats/netcdf/{name}", target)
    for name in ARRAYS:
        compare_array(options, f"{options.data}/formats/{name}", target)
    print(f"{compared} variables and {len(ARRAYS)} arrays compared")
    sys.exit("\n".join(problems) or None)


if __name__ == "__main__":
    main()
