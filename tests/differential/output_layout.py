"""output_layout.py --rankine RANKINE --work FOLDER

How outputs are laid out where nobody says how: chunks of 4 to 8 MiB, coordinates and bounds in one chunk whatever chunks
their input had, small chunks of the input kept where they are moved as they are and not where they must be encoded anew, metadata before data in NetCDF-4, and shards of about 128 MB for Zarr v3 beyond 10,000 chunks.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys

import h5py
import netCDF4
import numpy as np
import xarray

SCRIPT = """import sys
import xarray as xr
folder = sys.argv[1]
ds = xr.open_dataset(folder + "/in.nc")
warm = ds + 1
warm["time_bnds"] = ds.time_bnds
warm.to_netcdf(folder + "/plain.nc", unlimited_dims=[])
warm.to_netcdf(folder + "/grows.nc", unlimited_dims=["time"])
warm.to_netcdf(folder + "/packed.nc", encoding={"tas": {"zlib": True, "complevel": 1}})
warm.to_zarr(folder + "/v2.zarr", mode="w")
warm.to_zarr(folder + "/v3.zarr", mode="w", zarr_format=3)
warm.to_zarr(folder + "/few.zarr", mode="w", zarr_format=3, encoding={"tas": {"chunks": (3, 40, 40)}})
warm.to_zarr(folder + "/many.zarr", mode="w", zarr_format=3, encoding={"tas": {"chunks": (1, 20, 20)}})
small = xr.open_dataset(folder + "/small.nc")
small.to_netcdf(folder + "/small_copy.nc")
small.sortby("lat", ascending=False).to_netcdf(folder + "/small_sorted.nc")
stored = xr.open_zarr(folder + "/small.zarr")
stored.to_zarr(folder + "/small_copy.zarr", mode="w")
stored.isel(lat=slice(7, None)).to_zarr(folder + "/small_cut.zarr", mode="w")
stored.isel(lat=slice(60, None)).to_zarr(folder + "/small_half.zarr", mode="w")
"""
STEPS, LATS, LONS = 200, 180, 360
MIB = 1 << 20
problems = []


def require(condition, what):
    if not condition:
        problems.append(what)


def write_input(path):
    with netCDF4.Dataset(path, "w") as ds:
        for name, size in (("time", None), ("lat", LATS), ("lon", LONS), ("bnds", 2)):
            ds.createDimension(name, size)
        time = ds.createVariable("time", "f8", ("time",), chunksizes=(1,))
        time.units, time.bounds = "days since 2000-01-01", "time_bnds"
        time[:] = np.arange(STEPS)
        ds.createVariable("time_bnds", "f8", ("time", "bnds"), chunksizes=(1, 2))[:] = np.stack([np.arange(STEPS)] * 2, 1)
        for name, size in (("lat", LATS), ("lon", LONS)):
            ds.createVariable(name, "f8", (name,), chunksizes=(10,))[:] = np.arange(size)
        tas = ds.createVariable("tas", "f4", ("time", "lat", "lon"), zlib=True, complevel=1, chunksizes=(20, LATS, LONS))
        tas[:] = np.random.default_rng(0).integers(0, 900, (STEPS, LATS, LONS))


def write_small_chunks(work):
    values = np.random.default_rng(1).integers(0, 900, (STEPS, LATS, LONS)).astype("f4")
    coords = {"time": np.arange(STEPS), "lat": np.arange(LATS), "lon": np.arange(LONS)}
    small = xarray.Dataset({"tas": (("time", "lat", "lon"), values)}, coords)
    small.to_netcdf(work + "/small.nc", encoding={"tas": {"zlib": True, "complevel": 1, "chunksizes": (1, LATS, LONS)}})
    small.to_zarr(work + "/small.zarr", encoding={"tas": {"chunks": (10, 60, LONS)}})
    return small


def check_small_chunks(work, small):
    def require_chunks(chunks, kept, name):
        if kept is not None:
            require(tuple(chunks) == kept, f"{name}: chunks of {kept} became {chunks}")
        else:
            require(4 * MIB <= chunk_bytes(chunks) <= 8 * MIB, f"{name} is encoded anew with chunks of {chunks}")

    for name, kept, expected in (("small_copy", (1, LATS, LONS), small), ("small_sorted", None, small.sortby("lat", ascending=False))):
        with xarray.open_dataset(f"{work}/{name}.nc") as ds:
            require_chunks(ds.tas.encoding["chunksizes"], kept, name + ".nc")
            require(ds.tas.encoding["zlib"], f"{name}.nc is not compressed")
            require(expected.equals(ds), f"{name}.nc has other values")
    for name, kept, first in (("small_copy", (10, 60, LONS), 0), ("small_cut", None, 7), ("small_half", (10, 60, LONS), 60)):
        ds = xarray.open_zarr(f"{work}/{name}.zarr")
        require_chunks(ds.tas.encoding["chunks"], kept, name + ".zarr")
        require(small.isel(lat=slice(first, None)).equals(ds), f"{name}.zarr has other values")


def chunk_bytes(shape, itemsize=4):
    return math.prod(shape) * itemsize


def check_netcdf(path, chunked):
    with h5py.File(path) as file:
        last_header, first_data = 0, math.inf
        for name, dataset in file.items():
            last_header = max(last_header, h5py.h5o.get_info(dataset.id).addr)
            if dataset.chunks is None:
                offsets = [dataset.id.get_offset()]
            else:
                offsets = [dataset.id.get_chunk_info(i).byte_offset for i in range(dataset.id.get_num_chunks())]
            first_data = min([first_data, *(offset for offset in offsets if offset is not None)])
            if name != "tas":
                require(len(offsets) == 1, f"{path}: {name} has {len(offsets)} chunks, not one")
        require(last_header < first_data, f"{path}: a header at {last_header}, data from {first_data}")
        chunks = file["tas"].chunks
        require((chunks is not None) == chunked, f"{path}: chunks of tas: {chunks}")
        if chunked:
            require(4 * MIB <= chunk_bytes(chunks) <= 8 * MIB, f"{path}: chunks of {chunks}")


def stored_files(folder):
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names
            if name not in ("zarr.json", ".zarray", ".zattrs")]


def check_zarr(path):
    """The description of tas and how many files it has."""
    for name in ("time", "time_bnds", "lat", "lon"):
        require(len(stored_files(f"{path}/{name}")) == 1, f"{path}: {name} lies in {len(stored_files(f'{path}/{name}'))} files")
    document = f"{path}/tas/.zarray" if os.path.exists(f"{path}/tas/.zarray") else f"{path}/tas/zarr.json"
    with open(document) as file:
        return json.load(file), len(stored_files(f"{path}/tas"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    work = options.work
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    write_input(work + "/in.nc")
    small = write_small_chunks(work)
    with open(work + "/script.py", "w") as file:
        file.write(SCRIPT)
    subprocess.run([options.rankine, "run", "--quiet", work + "/script.py", work], check=True)

    check_netcdf(work + "/plain.nc", False)
    check_netcdf(work + "/grows.nc", True)
    check_netcdf(work + "/packed.nc", True)
    v2, files = check_zarr(work + "/v2.zarr")
    require(4 * MIB <= chunk_bytes(v2["chunks"]) <= 8 * MIB, f"v2 has chunks of {v2['chunks']}")
    v3, files = check_zarr(work + "/v3.zarr")
    chunks = v3["chunk_grid"]["configuration"]["chunk_shape"]
    require(4 * MIB <= chunk_bytes(chunks) <= 8 * MIB, f"v3 has chunks of {chunks}")
    require(v3["codecs"][0]["name"] == "bytes", "v3 has shards for few chunks")
    few, files = check_zarr(work + "/few.zarr")
    require(few["codecs"][0]["name"] == "bytes" and files == 67 * 5 * 9, f"3,015 chunks lie in {files} files")
    many, files = check_zarr(work + "/many.zarr")  # 32,400 chunks of 1,600 bytes
    shard = many["chunk_grid"]["configuration"]["chunk_shape"]
    require(many["codecs"][0]["name"] == "sharding_indexed", "v3 has no shards for 32,400 chunks")
    require(many["codecs"][0]["configuration"]["chunk_shape"] == [1, 20, 20], "the chunks in the shards are others than asked for")
    require(files == 1 and shard == [STEPS, LATS, LONS], f"52 MB lie in {files} shards of {shard}")
    check_small_chunks(work, small)
    sys.exit("\n".join(problems) or None)


if __name__ == "__main__":
    main()
