#!/usr/bin/python3
"""How much longer than decoding its chunks does the mean over time of a deflate file take?

    bench_time_mean [--steps 3200] [--repetitions 7] [--work DIR] [--build DIR]

A NetCDF-4 file (steps x 181 x 360, float32, deflate 4 and shuffle, chunks of 16 steps) in the page cache. Alternating, on all
cores: `bench_decode FILE t2m CORES`, which decodes every chunk and does nothing else (wall time inside of the process), and the
whole process `rankine run` of a script that writes the mean over time, start-up included. The mean is compared with the one of
what was written before anything is printed. Prints `name value unit` lines; medians.
"""
import argparse
import os
import statistics
import subprocess
import sys

sys.path.insert(0, "@CMAKE_CURRENT_SOURCE_DIR@")  # where it was built from
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from open_many import run  # noqa: E402

ROWS, COLUMNS, CHUNK = 181, 360, 16
SCRIPT = """import sys
import xarray as xr
ds = xr.open_dataset(sys.argv[1], chunks={})
ds.mean("time").to_netcdf(sys.argv[2])
"""


def chunk_values(noise, begin):
    import numpy as np

    # Rounded to 1/64, as packed model output is.
    return (np.round((280 + 5 * np.sin(begin / 90) + np.roll(noise, begin, axis=2)) * 64) / 64).astype("f4")


def make_input(path, steps):
    """Writes the file unless it is there, and returns its mean."""
    import netCDF4
    import numpy as np

    random = np.random.default_rng(5)
    noise = random.normal(0, 2, (CHUNK, ROWS, COLUMNS))
    total = np.zeros((ROWS, COLUMNS))
    chunks = [chunk_values(noise, begin) for begin in range(0, steps, CHUNK)]
    for values in chunks:
        total += values.astype("f8").sum(axis=0)
    if not os.path.exists(path):
        with netCDF4.Dataset(path + ".part", "w") as file:
            for name, size in (("time", steps), ("lat", ROWS), ("lon", COLUMNS)):
                file.createDimension(name, size)
            data = file.createVariable("t2m", "f4", ("time", "lat", "lon"), zlib=True, complevel=4, shuffle=True,
                                       chunksizes=(CHUNK, ROWS, COLUMNS))
            for number, values in enumerate(chunks):
                data[number * CHUNK:(number + 1) * CHUNK] = values
        os.rename(path + ".part", path)
    return total / (len(chunks) * CHUNK)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--work", default="/tmp/rankine-time-mean")
    parser.add_argument("--build", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))), help="where bin/rankine is")
    options = parser.parse_args()
    if options.steps % CHUNK != 0:
        sys.exit(f"--steps must be a multiple of {CHUNK}")
    import netCDF4
    import numpy as np

    os.makedirs(options.work, exist_ok=True)
    cores = len(os.sched_getaffinity(0))
    source, output, script = (f"{options.work}/{name}" for name in (f"input_{options.steps}.nc", "mean.nc", "script.py"))
    expected = make_input(source, options.steps)
    with open(script, "w") as file:
        file.write(SCRIPT)
    with open(source, "rb") as file:
        while file.read(1 << 24):
            pass
    mean, decoding = [], []
    for _ in range(options.repetitions):
        if os.path.exists(output):
            os.remove(output)
        mean.append(run([f"{options.build}/bin/rankine", "run", "--quiet", f"--threads={cores}", script, source, output], f"{options.work}/log"))
        with netCDF4.Dataset(output) as file:
            difference = float(np.abs(np.asarray(file["t2m"][:], "f8") - expected).max())
        if not difference < 1e-4:
            sys.exit(f"the mean is off by {difference} K")
        text = subprocess.run([f"{options.build}/bin/bench_decode", source, "t2m", str(cores)], capture_output=True, text=True, check=True).stdout
        decoding.append(statistics.median(float(line.split()[1]) for line in text.splitlines()))
    print(f"values {options.steps * ROWS * COLUMNS * 4} B\nstored {os.path.getsize(source)} B\ncores {cores} 1")
    for name, values in (("time_mean", mean), ("pure_decoding", decoding)):
        for number, value in enumerate(values):
            print(f"{name}_repetition_{number + 1} {value:.3f} s")
        print(f"{name}_median {statistics.median(values):.3f} s")
    print(f"time_mean_over_pure_decoding {statistics.median(m / d for m, d in zip(mean, decoding)):.2f} 1")


if __name__ == "__main__":
    main()
