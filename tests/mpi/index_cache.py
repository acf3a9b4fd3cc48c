"""index_cache.py RANKINE MPIRUN "MPIRUN_FLAGS" FOLDER RANKS (0: without mpirun)

Does a second run with --index-cache read any metadata of its inputs? After the first run all metadata that a reader of a
file begins with are overwritten, size and modification time kept: whoever opens the file sees garbage, while the values
are where the cache says. A changed file is read anew.
"""
import os
import shutil
import subprocess
import sys

import netCDF4
import numpy as np

rankine, mpirun, flags, folder, ranks = sys.argv[1:6]
SCRIPT = """import sys
import xarray as xr
ds = xr.open_mfdataset(sys.argv[1] + "/in_*.nc", combine="by_coords")
print(ds.sizes["time"], ds.v.attrs["units"], ds.time.values[0], ds.name.values[0])
print(ds.v.sum().values, ds.plain.mean("x").values, ds.time.values[-1])
"""


def write(path, number, form):
    with netCDF4.Dataset(path, "w", format=form) as ds:
        ds.createDimension("time", None)
        ds.createDimension("x", 40)
        ds.createDimension("s", 3)
        options = dict(zlib=True, chunksizes=(2, 16)) if form == "NETCDF4" else {}
        ds.createVariable("v", "f4", ("time", "x"), **options).units = "K"
        ds.createVariable("plain", "f8", ("x",))[:] = 3.0
        ds.createVariable("name", "S1", ("s",))[:] = np.array(list("abc"), "S1")
        time = ds.createVariable("time", "i4", ("time",))
        time.units = "days since 2000-01-01"
        time[:] = np.arange(5) + 5 * number
        ds["v"][:] = np.arange(200).reshape(5, 40) + number


def run(words=()):
    command = [rankine, "run", "--quiet", "--index-cache", folder + "/cache", *words, folder + "/script.py", folder]
    if ranks != "0":
        command = [mpirun, "-n", ranks, *flags.split(), *command]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def require(condition, what):
    if not condition:
        sys.exit(what)


def overwrite_metadata(path):
    before = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"\x5a" * 48)  # HDF5's superblock, NetCDF-3's magic number and dims: nothing is found without them
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


for form in ("NETCDF4", "NETCDF3_64BIT_OFFSET"):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(folder + "/script.py", "w") as file:
        file.write(SCRIPT)
    paths = [f"{folder}/in_{number:02}.nc" for number in range(12)]
    for number, path in enumerate(paths):
        write(path, number, form)
    first = run()
    require(first.returncode == 0, f"the first run failed: {first.stderr}")
    for path in paths:
        overwrite_metadata(path)
    second = run()
    require(second.returncode == 0, f"the second run read metadata of {form}: {second.stderr}")
    require(second.stdout == first.stdout, f"the second run printed {second.stdout} instead of {first.stdout}")

    # The same bytes with another time are another file, and that one is garbage.
    os.utime(paths[7], ns=(1, 1))
    changed = run()
    require(changed.returncode != 0 and "in_07.nc" in changed.stderr, f"a changed file was not read anew: {changed.stderr}")
    write(paths[7], 7000, form)
    anew = run()
    require(anew.returncode == 0 and anew.stdout != first.stdout, f"new values of a file were not read: {anew.stdout}{anew.stderr}")
    # Another size with the old time is another file too.
    write(paths[7], 7, form)
    os.utime(paths[7], ns=(5_000_000_000, 5_000_000_000))
    require(run().stdout == first.stdout, "the old values of a file that was put back were not read")
    with open(paths[7], "ab") as file:
        file.write(b"more")
    with open(paths[7], "r+b") as file:
        file.write(b"\x5a" * 48)
    os.utime(paths[7], ns=(5_000_000_000, 5_000_000_000))
    longer = run()
    require(longer.returncode != 0 and "in_07.nc" in longer.stderr, f"a file of another size was not read anew: {longer.stderr}")
