#!/usr/bin/python3
"""How long until many small files are opened, put together and averaged over time?

    bench_open_many [--files 1000] [--shape 24,96,192] [--repetitions 3] [--engines rankine,rankine_mpi,xarray] [--work DIR] [--build DIR]

Makes NetCDF-4 files of one day each (24 hourly steps, 96 x 192, float32, deflate 4 and shuffle: about 0.5 MB stored),
warms the page cache, and times whole processes that run one script: open_mfdataset, mean over time, to_netcdf. The
engines alternate; rankine_cached and rankine_mpi_cached have an --index-cache that an earlier run has filled. xarray has open_mfdataset(parallel=True) on a dask.distributed cluster of one process per core. The
answers are compared with each other and with the mean of what was written before anything is printed.
Prints `name value unit` lines.
"""
import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import time

STEPS, ROWS, COLUMNS = 24, 96, 192
SCRIPT = """import glob
import sys
import xarray as xr
ds = xr.open_mfdataset(sorted(glob.glob(sys.argv[1])), combine="by_coords"{parallel})
ds.mean("time").to_netcdf(sys.argv[2])
"""
DASK = """import sys
from dask.distributed import Client, LocalCluster
if __name__ == "__main__":
    client = Client(LocalCluster(n_workers={workers}, threads_per_worker=1, dashboard_address=None))
    script = sys.argv.pop(1)
    exec(compile(open(script).read(), script, "exec"), {{"__name__": "script"}})
    client.close()
"""


def make_files(folder, count, shape=(STEPS, ROWS, COLUMNS)):
    import netCDF4
    import numpy as np

    STEPS, ROWS, COLUMNS = shape

    os.makedirs(folder, exist_ok=True)
    random = np.random.default_rng(11)
    noise = random.normal(0, 1, (STEPS, ROWS, COLUMNS)).astype("f4")
    lat = np.linspace(-89, 89, ROWS)
    lon = np.linspace(0, 358, COLUMNS)
    total = np.zeros((ROWS, COLUMNS))
    for day in range(count):
        # Rounded to 1/64, as packed model output is: it compresses to about half.
        values = np.round((280 + 10 * np.sin(day / 58) + np.roll(noise, day, axis=2)) * 64) / 64
        total += values.astype("f8").sum(axis=0)
        path = f"{folder}/day_{day:05d}.nc"
        if os.path.exists(path):
            continue
        with netCDF4.Dataset(path + ".part", "w") as file:
            for name, size in (("time", None), ("lat", ROWS), ("lon", COLUMNS)):
                file.createDimension(name, size)
            time_variable = file.createVariable("time", "f8", ("time",))
            time_variable.units = "hours since 2000-01-01"
            time_variable.calendar = "standard"
            time_variable[:] = np.arange(day * STEPS, (day + 1) * STEPS)
            for name, labels, units in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
                variable = file.createVariable(name, "f8", (name,))
                variable.units = units
                variable[:] = labels
            data = file.createVariable("t2m", "f4", ("time", "lat", "lon"), zlib=True, complevel=4, shuffle=True,
                                       chunksizes=(STEPS, ROWS, COLUMNS), fill_value=np.float32(1e20))
            data.units = "K"
            data[:] = values
        os.rename(path + ".part", path)
    return (total / (count * STEPS)).astype("f8")


peak_bytes = {}  # of the last run of a program; under mpirun of its largest process


def run(command, log):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_mpi_yield_when_idle="1")
    with open(log, "w") as out:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
        _, waited, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        status = process.returncode = os.waitstatus_to_exitcode(waited)
        peak_bytes[command[0]] = usage.ru_maxrss * 1024
    if status != 0:
        with open(log) as text:
            sys.exit(f"exit status {status} of {' '.join(command)}:\n{text.read()[-2000:]}")
    return seconds


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--shape", default=f"{STEPS},{ROWS},{COLUMNS}", help="steps, rows and columns of a file")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--engines", default="rankine,rankine_mpi,xarray")
    parser.add_argument("--work", default="/tmp/rankine-open-many")
    parser.add_argument("--build", default=os.path.dirname(here), help="where bin/rankine is")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()

    import numpy as np
    import xarray

    shape = tuple(int(extent) for extent in options.shape.split(","))
    folder = f"{options.work}/{options.files}" + ("" if shape == (STEPS, ROWS, COLUMNS) else "_" + "x".join(map(str, shape)))
    expected = make_files(folder, options.files, shape)
    pattern = folder + "/*.nc"
    scripts = {}
    for name, parallel in (("rankine", ""), ("xarray", ", parallel=True")):
        scripts[name] = f"{options.work}/{name}_script.py"
        with open(scripts[name], "w") as file:
            file.write(SCRIPT.format(parallel=parallel))
    driver = f"{options.work}/driver.py"
    with open(driver, "w") as file:
        file.write(DASK.format(workers=options.workers))
    rankine = [f"{options.build}/bin/rankine", "run", "--quiet", scripts["rankine"], pattern]
    commands = {
        "rankine": rankine,
        "rankine_mpi": ["mpirun", "--oversubscribe", "-n", str(options.workers + 1), *rankine],
        "xarray": ["/usr/bin/python3", driver, scripts["xarray"], pattern],
    }
    cache = f"{options.work}/index_cache"
    cached = [*rankine[:2], f"--index-cache={cache}", *rankine[2:]]
    commands["rankine_cached"] = cached
    commands["rankine_mpi_cached"] = [*commands["rankine_mpi"][:4], *cached]
    engines = options.engines.split(",")
    outputs = {name: f"{options.work}/{name}.nc" for name in engines}
    stored = 0
    for path in glob.glob(pattern):
        with open(path, "rb") as file:
            stored += len(file.read())
    if any(name.endswith("_cached") for name in engines):
        shutil.rmtree(cache, ignore_errors=True)
        run([*cached, f"{options.work}/filled_cache.nc"], f"{options.work}/filling.log")
    seconds = {name: [] for name in engines}
    peaks = {}
    for _ in range(options.repetitions):
        for name in engines:
            if os.path.exists(outputs[name]):
                os.remove(outputs[name])
            seconds[name].append(run([*commands[name], outputs[name]], f"{options.work}/{name}.log"))
            peaks[name] = peak_bytes[commands[name][0]]
            with xarray.open_dataset(outputs[name]) as answer:
                difference = float(np.abs(answer.t2m.values.astype("f8") - expected).max())
            # xarray sums float32 in float32.
            if not difference < (2e-2 if name == "xarray" else 1e-4):
                sys.exit(f"{name}: the answer is off by {difference} K")
    print(f"files {options.files} 1\nstored_bytes {stored} B\ncores {options.workers} 1")
    for name in engines:
        for number, value in enumerate(seconds[name]):
            print(f"{name}_repetition_{number + 1} {value:.3f} s")
        print(f"{name}_median {statistics.median(seconds[name]):.3f} s\n{name}_peak_memory {peaks[name]} B")
    if "xarray" in engines:
        for name in engines:
            if name != "xarray":
                ratio = statistics.median(seconds["xarray"]) / statistics.median(seconds[name])
                print(f"{name}_times_as_fast_as_xarray {ratio:.1f} 1")
    shutil.rmtree(f"{options.work}/dask-worker-space", ignore_errors=True)


if __name__ == "__main__":
    main()
