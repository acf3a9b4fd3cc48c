"""Memory that runs short, over real MPI ranks: every case compares the output with that of a run with plenty of memory.

    spill.py RANKINE MPIRUN FLAGS PLUGIN FOLDER CASE

The pipeline computes a field by a kernel that nothing can look through, so that all of it must be held until its mean is
there: it is read again for the anomaly.
"""
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time

import netCDF4
import numpy as np

RANKINE, MPIRUN, FLAGS, PLUGIN, FOLDER, CASE = sys.argv[1:7]
RANKS = 3
SIZES = {"ten_times": (64, 8192), "ten_times_96": (96, 12288), "four_times_256": (256, 12288), "disk_full": (92, 1024)}
LIMIT_MIB, STEPS = SIZES.get(CASE, (64, 1024))  # a step is 256 KiB

shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER + "/scratch")
os.chdir(FOLDER)
with netCDF4.Dataset("in.nc", "w", format="NETCDF3_64BIT_OFFSET") as file:
    rng = np.random.default_rng(7)
    for name, size in [("time", STEPS), ("lat", 128), ("lon", 256)]:
        file.createDimension(name, size)
    pattern = rng.integers(-100, 100, size=(1, 128, 256), dtype=np.int8) // 2
    file.createVariable("x", "i1", ("time", "lat", "lon"))[:] = pattern + rng.integers(-40, 40, size=(STEPS, 1, 256), dtype=np.int8)
with open("anomaly.py", "w") as script:
    script.write("""import xarray as xr
import heat
ds = xr.open_dataset("in.nc", chunks={"time": 16})
field = heat.step(ds["x"].astype("float64") * 1.5 + 0.25, alpha=0.1)
anomaly = field - field.mean("time")
(anomaly * anomaly).mean("time").to_dataset(name="variance").to_netcdf("out.nc")
""")


def fail(text):
    print("FAILED " + CASE + ": " + text)
    sys.exit(1)


def command(options, ranks=RANKS):
    words = [RANKINE, "run", "--plugin", PLUGIN, "--threads", "1", "--progress", "off", "-v", *options, "anomaly.py"]
    return ([MPIRUN, "-n", str(ranks), *FLAGS.split()] if ranks else []) + words


def start(options, ranks=RANKS, before=(), **environment):
    return subprocess.Popen([*before, *command(options, ranks)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, "OMPI_MCA_orte_allowed_exit_without_sync": "1", **environment})


def end(process, status=0):
    said = process.communicate(timeout=500)[0]
    if process.returncode != status:
        fail(f"status {process.returncode}, not {status}:\n{said}")
    return said


def values():
    with netCDF4.Dataset("out.nc") as file:
        return file["variance"][:].data.tobytes()


def own_folders(scratch="scratch"):
    return [name for name in os.listdir(scratch) if name.startswith("rankine-spill.")]


def peaks_mib(said):
    """Peak memory of the ranks that work, from the table at the end."""
    unit = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
    rows = re.findall(r"^ +\d+ +\S+ +\d+ +\d+ +\d+ % +[\d.]+ [KMG]?i?B +([\d.]+) (KiB|MiB|GiB)$", said, re.M)
    return [float(number) * unit[name] for number, name in rows]


end(start(["--memory-limit", "64GiB", "--spill-dir", "none"], ranks=0))
expected = values()
os.remove("out.nc")
short = ["--memory-limit", f"{LIMIT_MIB}MiB", "--spill-dir", "scratch"]

if CASE in ("ten_times", "ten_times_96", "four_times_256"):
    # All that is computed must be held at once: ten, and four, times more than all limits together, rank 0's included.
    held_gib = STEPS / 4096
    said = end(start(short))
    spilled = re.search(r"spilled ([\d.]+) GiB, read back ([\d.]+) GiB", said)
    if not spilled or float(spilled.group(1)) < held_gib - RANKS * LIMIT_MIB / 1024:
        fail("less was spilled than cannot have been in memory:\n" + said)
    peaks = peaks_mib(said)
    if len(peaks) != RANKS - 1 or max(peaks) > LIMIT_MIB:
        fail(f"peak resident sets of {peaks} MiB under a limit of {LIMIT_MIB} MiB")
    print("peak resident sets", peaks, "MiB,", spilled.group(0))
elif CASE == "lz4":
    said = end(start(short + ["--spill-compression", "lz4"]))
    if "spilled " not in said:
        fail("nothing was spilled:\n" + said)
elif CASE == "disk_full":
    # A scratch disk of 24 MiB for both workers, in a mount namespace of its own where the system allows one.
    said = subprocess.run(["unshare", "-rm", "true"], stderr=subprocess.DEVNULL).returncode == 0
    if said:
        mount = 'mount -t tmpfs -o size=24m none scratch && exec "$@"'
        said = end(start(short + ["--spill-limit", "1GiB"], before=["unshare", "-rm", "sh", "-c", mount, "sh"],
                         OMPI_MCA_btl_vader_single_copy_mechanism="none"))
        if "No space left on device" not in said:
            fail("the disk was never full:\n" + said)
    else:
        said = end(start(short + ["--spill-limit", "12MiB"]))
        if "the limit of 12.0 MiB for spilled blocks is reached" not in said:
            fail("the limit was never reached:\n" + said)
    if "has no room for the result of" not in said:
        fail("nothing was given up to be computed again:\n" + said)
elif CASE == "damaged":
    process = start(short)
    damaged = set()
    while process.poll() is None and len(damaged) < 6:
        for folder in own_folders():
            for name in os.listdir("scratch/" + folder) if os.path.isdir("scratch/" + folder) else []:
                path = f"scratch/{folder}/{name}"
                try:
                    if name == "owner" or path in damaged or os.path.getsize(path) < 1 << 20:
                        continue
                    with open(path, "r+b") as file:
                        file.seek(500_000)
                        file.write(b"damage" * 20)
                    damaged.add(path)
                except FileNotFoundError:
                    pass
        time.sleep(0.01)
    said = end(process)
    if len(damaged) < 6 or "is damaged: it does not hold what was written to it" not in said:
        fail(f"of {len(damaged)} damaged files none was found out:\n" + said)
elif CASE == "leftovers":
    for name in ["dead", "live", "new"]:
        os.mkdir(f"scratch/rankine-spill.{name}.rank1.abcdef")
        open(f"scratch/rankine-spill.{name}.rank1.abcdef/7", "w").close()
    for name in ["dead", "live"]:
        open(f"scratch/rankine-spill.{name}.rank1.abcdef/owner", "w").close()
    os.mkdir("scratch/somebody-else")
    live = open("scratch/rankine-spill.live.rank1.abcdef/owner", "r+")
    fcntl.flock(live, fcntl.LOCK_EX)
    said = end(start(short))
    left = sorted(os.listdir("scratch"))
    if left != ["rankine-spill.live.rank1.abcdef", "rankine-spill.new.rank1.abcdef", "somebody-else"]:
        fail(f"in scratch are {left}")
elif CASE == "killed":
    # A rank that is killed leaves its folder; what it held in memory and there is computed again. The next job removes it.
    said = end(start(short, RANKINE_REHEARSE="rank=2 task=heat count=10 signal=9"))
    if "lost rank 2" not in said:
        fail("rank 2 was not lost:\n" + said)
    if len(own_folders()) != 1:
        fail(f"in scratch are {own_folders()}, not the folder of the rank that was killed")
    if values() != expected:
        fail("another output after the loss")
    os.remove("out.nc")
    end(start(short))
elif CASE == "no_room":
    # To make either of two results takes nearly the whole limit, both are needed together, and scratch has no room.
    with open("anomaly.py", "w") as script:
        script.write("""import xarray as xr
import heat
ds = xr.open_dataset("in.nc", chunks={"time": 16}).isel(time=slice(0, 96))
field = heat.step(ds["x"].astype("float64") * 1.5 + 0.25, alpha=0.1)
product = heat.detrend(field).isel(time=slice(0, 2)) * heat.detrend(field * 2.0).isel(time=slice(0, 2))
product.mean("time").to_dataset(name="variance").to_netcdf("out.nc")
""")
    said = end(start(["--memory-limit", "118MiB", "--spill-dir", "scratch", "--spill-limit", "1MiB"], ranks=0), status=5)
    for part in ["memory runs short on rank", "96.0 MiB would be needed at once beside ", "the limit is 118 MiB", "48.0 MiB of results are in memory",
                 "the limit of 1.00 MiB for spilled blocks is reached", "--spill-limit", "use smaller chunks"]:
        if part not in said:
            fail(f"'{part}' is not said:\n" + said)
    if os.path.exists("out.nc"):
        fail("an output is there")
else:
    fail("no such case")

if CASE != "no_room" and values() != expected:
    fail("another output than with plenty of memory")
if CASE not in ("leftovers",) and own_folders():
    fail(f"left in scratch: {own_folders()}")
shutil.rmtree(FOLDER, ignore_errors=True)
print("passed " + CASE)
