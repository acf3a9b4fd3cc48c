#!/usr/bin/python3
"""How long does it take to write compressed NetCDF-4?

    bench_write [--steps 1200] [--repetitions 3] [--engines one,two,one_thread,two_threads,xarray] [--work DIR] [--build DIR]

One script multiplies an uncompressed float32 variable (steps x 181 x 360) and writes it with deflate 4 and shuffle:
with `mpirun` and one working rank of one thread, with two, without mpirun in one process of one and of two threads, and under xarray with a dask.distributed cluster of two
processes of one thread (to_netcdf under its own lock). The engines alternate; every answer is read back and compared
with the input before anything is printed. Prints `name value unit` lines.
"""
import argparse
import os
import statistics
import sys

sys.path.insert(0, "@CMAKE_CURRENT_SOURCE_DIR@")  # where it was built from
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from open_many import DASK, run  # noqa: E402

ROWS, COLUMNS = 181, 360
SCRIPT = """import sys
import xarray as xr
ds = xr.open_dataset(sys.argv[1], chunks={"time": 16})
out = (ds * 0.5).astype("float32")
out.to_netcdf(sys.argv[2], encoding={"t2m": {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": (16, 181, 360)}})
"""


def make_input(path, steps):
    import netCDF4
    import numpy as np

    if os.path.exists(path):
        return
    random = np.random.default_rng(5)
    noise = random.normal(0, 2, (16, ROWS, COLUMNS))
    with netCDF4.Dataset(path + ".part", "w") as file:
        for name, size in (("time", steps), ("lat", ROWS), ("lon", COLUMNS)):
            file.createDimension(name, size)
        data = file.createVariable("t2m", "f4", ("time", "lat", "lon"), contiguous=True)
        for begin in range(0, steps, 16):
            # Rounded to 1/64, as packed model output is.
            values = np.round((280 + 5 * np.sin(begin / 90) + np.roll(noise, begin, axis=2)) * 64) / 64
            data[begin:begin + 16] = values[: min(16, steps - begin)].astype("f4")
    os.rename(path + ".part", path)


def differs(source, output):
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(source) as a, netCDF4.Dataset(output) as b:
        for file in (a, b):
            file.set_auto_maskandscale(False)
        if b["t2m"].chunking() != [16, ROWS, COLUMNS] or not b["t2m"].filters()["zlib"]:
            return "it is not stored as asked for"
        for begin in range(0, a["t2m"].shape[0], 160):
            if not np.array_equal(a["t2m"][begin:begin + 160] * np.float32(0.5), b["t2m"][begin:begin + 160]):
                return f"its values at step {begin} differ"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--engines", default="one,two,one_thread,two_threads,xarray")
    parser.add_argument("--work", default="/tmp/rankine-write")
    parser.add_argument("--build", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))), help="where bin/rankine is")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    source = f"{options.work}/input_{options.steps}.nc"
    make_input(source, options.steps)
    script, driver = f"{options.work}/script.py", f"{options.work}/driver.py"
    with open(script, "w") as file:
        file.write(SCRIPT)
    with open(driver, "w") as file:
        file.write(DASK.format(workers=2))
    rankine = [f"{options.build}/bin/rankine", "run", "--quiet"]
    ranks = [*rankine, "--threads=1", "--scheduler-works=no", script, source]
    commands = {
        "one": ["mpirun", "--oversubscribe", "-n", "2", *ranks],
        "two": ["mpirun", "--oversubscribe", "-n", "3", *ranks],
        "one_thread": [*rankine, "--threads=1", script, source],
        "two_threads": [*rankine, "--threads=2", script, source],
        "xarray": ["/usr/bin/python3", driver, script, source],
    }
    engines = options.engines.split(",")
    with open(source, "rb") as file:
        while file.read(1 << 24):
            pass
    seconds = {name: [] for name in engines}
    stored = 0
    for _ in range(options.repetitions):
        for name in engines:
            output = f"{options.work}/{name}.nc"
            if os.path.exists(output):
                os.remove(output)
            seconds[name].append(run([*commands[name], output], f"{options.work}/{name}.log"))
            problem = differs(source, output)
            if problem:
                sys.exit(f"{name}: {output}: {problem}")
            stored = os.path.getsize(output)
    print(f"values {options.steps * ROWS * COLUMNS * 4} B\nstored {stored} B")
    for name in engines:
        for number, value in enumerate(seconds[name]):
            print(f"{name}_repetition_{number + 1} {value:.3f} s")
        print(f"{name}_median {statistics.median(seconds[name]):.3f} s")
    for slow, fast in (("one", "two"), ("one_thread", "two_threads"), ("xarray", "two"), ("xarray", "two_threads")):
        if {slow, fast} <= set(engines):
            print(f"{slow}_over_{fast} {statistics.median(seconds[slow]) / statistics.median(seconds[fast]):.2f} 1")


if __name__ == "__main__":
    main()
