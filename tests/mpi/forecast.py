"""What `rankine plan` promises of memory against what the ranks of a run then use: blocks and buffers stay below the promise,
and the process below its memory limit, apart from what it is without any block (program, MPI, stacks, HDF5).

    forecast.py RANKINE MPIRUN FLAGS MAKE_ERA5_LIKE FOLDER RANKS [print]

With `print`, every number; RANKS 0 is without mpirun.
"""
import os
import re
import shutil
import subprocess
import sys

RANKINE, MPIRUN, FLAGS, MAKE_INPUT, FOLDER = sys.argv[1:6]
RANKS = int(sys.argv[6])
SAYS_ALL = sys.argv[7:] == ["print"]
THREADS = 2

# Where the heap of a process is what it holds of blocks, and no more than is asked of it: the memory limit of the runs.
LEAST_LIMIT_MIB = 64

PIPELINES = {
    "time_mean": 'ds.mean("time").to_netcdf("out.nc")',
    "anomaly": 'field = ds["t2m"]\nby = field.groupby("time.month")\n(by - by.mean("time")).to_dataset(name="a").to_netcdf("out.nc")',
    "spread": 'field = ds["t2m"]\nby = field.groupby("time.month")\n(by - by.mean("time")).std("time").to_dataset(name="a").to_netcdf("out.nc")',
    "groupby": 'ds.groupby("time.season").mean("time").to_netcdf("out.nc")',
    "resample": 'ds.resample(time="1D").mean().to_zarr("out.zarr")',
    "transpose": 'ds["t2m"].transpose("longitude", "latitude", "time").to_dataset(name="t").to_netcdf("out.nc")',
    "rechunk": 'ds.chunk({"time": 1024, "latitude": 10, "longitude": 60}).to_zarr("out.zarr")',
}
UNITS = {"B": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
failed = []


def mib(number, unit):
    return float(number) * UNITS[unit]


def forecast(script):
    """(forecast, with the margin)"""
    words = [RANKINE, "plan", "--ranks", str(max(1, RANKS)), "--threads", str(THREADS), script]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^forecast .* held a rank, ([\d.]+) (\w+) with inputs and buffers, never more than ([\d.]+) (\w+)", said, re.M)
    assert len(found) == 1, said
    return mib(*found[0][:2]), mib(*found[0][2:])


def run(script, limit_mib):
    """(blocks and buffers, resident set) of each rank that works."""
    for path in ("out.nc", "out.zarr"):
        shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.remove(path)
    words = [RANKINE, "run", "--threads", str(THREADS), "--memory-limit", f"{limit_mib:.0f}MiB", "--scheduler-works", "auto", "--progress", "off", "-v",
             script]
    if RANKS:
        words = [MPIRUN, "-n", str(RANKS), *FLAGS.split(), *words]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if RANKS <= 1:
        found = re.search(r"^  memory  peak ([\d.]+) (\w+), blocks and buffers at most ([\d.]+) (\w+)", done.stderr, re.M)
        if not found:  # a run without any task
            found = re.search(r"^  memory  peak ([\d.]+) (\w+)()()", done.stderr, re.M)
            return [(0, mib(found[1], found[2]))]
        return [(mib(found[3], found[4]), mib(found[1], found[2]))]
    rows = re.findall(r"^ +\d+ +\S+ +[1-9]\d* +\d+ +\d+ % +([\d.]+) (\w+) +([\d.]+) (\w+)$", done.stderr, re.M)
    assert rows, done.stderr
    return [(mib(*row[:2]), mib(*row[2:])) for row in rows]


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
os.chdir(FOLDER)
subprocess.run([MAKE_INPUT, "in.nc", "600", "16", "91", "180"], check=True, stdout=subprocess.DEVNULL)
with open("nothing.py", "w") as script:
    script.write('import xarray as xr\nds = xr.open_dataset("in.nc")\nds["t2m"].isel(time=0, latitude=0, longitude=0).to_dataset().to_netcdf("out.nc")\n')
process_mib = max(rss for _, rss in run("nothing.py", LEAST_LIMIT_MIB))

for name, last in PIPELINES.items():
    with open(name + ".py", "w") as script:
        script.write(f'import xarray as xr\nds = xr.open_dataset("in.nc", chunks={{"time": 16}})\n{last}\n')
    expected, promised = forecast(name + ".py")
    limit = max(LEAST_LIMIT_MIB, 2 * promised)
    for blocks, rss in run(name + ".py", limit):
        if SAYS_ALL:
            print(f"{name:10} ranks {RANKS}: forecast {expected:6.1f}, promised {promised:6.1f}, blocks {blocks:6.1f} MiB ({blocks / expected:4.2f} "
                  f"of the forecast, {blocks / promised:4.2f} of the promise); limit {limit:.0f}, resident {rss - process_mib:5.1f} more than "
                  f"the {process_mib:.1f} of the process")
        if blocks > promised:
            failed.append(f"{name}: {blocks} MiB of blocks and buffers, promised {promised}")
        if rss > process_mib + limit:
            failed.append(f"{name}: {rss} MiB resident, {process_mib} without blocks, under a limit of {limit}")

# What is refused names the least limit, which plan and run then take, both.
words = ["--threads", str(THREADS), "--memory-limit"]
job = subprocess.run([RANKINE, "plan", "--ranks", str(max(1, RANKS)), *words, "1MiB", "anomaly.py"], capture_output=True, text=True)
least = re.search(r"raise --memory-limit to (\d+KiB)", job.stderr)
if job.returncode != 5 or not least:
    failed.append(f"a plan that cannot fit: status {job.returncode}, {job.stderr}")
else:
    launch = [MPIRUN, "-n", str(RANKS), *FLAGS.split()] if RANKS else []
    for command in ([RANKINE, "plan", "--ranks", str(max(1, RANKS))], [*launch, RANKINE, "run", "--quiet"]):
        job = subprocess.run([*command, *words, least[1], "anomaly.py"], capture_output=True, text=True)
        if job.returncode != 0:
            failed.append(f"{command}: the least limit, {least[1]}, is refused: {job.stderr}")
print("\n".join(failed) or "ok")
os.chdir("/")
if not failed:
    shutil.rmtree(FOLDER)
sys.exit(1 if failed else 0)
