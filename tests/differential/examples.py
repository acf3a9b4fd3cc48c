"""Runs the examples on a small file under xarray and under Rankine, the C++ one included, and compares the outputs.

    examples.py --rankine build/bin/rankine --bin build/bin [--ranks 1,3] [--work DIR] [--mpirun mpirun]
"""
import argparse
import os
import subprocess
import sys

import numpy as np
import xarray as xr

import compare

EXAMPLES = os.path.join(compare.HERE, "..", "..", "examples")
SCRIPTS = ["anomaly", "monthly_climatology", "resampling", "area_weighted_mean", "several_files_to_zarr", "north_america"]
# 60 days: more than one month, few enough to be quick.
STEPS = 240
# anomaly - mean of it, in float32: rounding of the difference counts, not that of the values.
TOLERANCE_K = 6.2e-5


class Example:
    """What compare.Comparison asks of a script."""
    rtol, atol, exact_times = 0.0, TOLERANCE_K, False

    def __init__(self, name):
        self.name, self.path = name, os.path.abspath(os.path.join(EXAMPLES, name + ".py"))


def make_inputs(options):
    folder = compare.fresh_folder(os.path.join(options.work, "inputs"))
    whole = os.path.join(folder, "era5_like.nc")
    subprocess.run([os.path.join(options.bin, "make_era5_like"), whole, str(STEPS)], check=True, capture_output=True)
    with xr.open_dataset(whole) as ds:
        for part, begin in enumerate(range(0, STEPS, STEPS // 3)):
            ds.isel(time=slice(begin, begin + STEPS // 3)).to_netcdf(os.path.join(folder, f"part_{part}.nc"))
    model = os.path.join(folder, "model.nc")
    make_model(model)
    return {"several_files_to_zarr": os.path.join(folder, "part_*.nc"), "north_america": model}, whole


def make_model(path):
    """240 years of a model with months of 30 days, as north_america.py reads them."""
    time = xr.cftime_range("1860-06-01", periods=240, freq="360D", calendar="360_day")
    grid = {"latitude": np.linspace(15, 60, 10, dtype="f4"), "longitude": np.linspace(225, 315, 13, dtype="f4")}
    noise = np.random.default_rng(1).normal(size=(240, 10, 13))
    kelvin = 300 - 0.5 * grid["latitude"][:, None] + 0.01 * np.arange(240)[:, None, None] + noise
    field = xr.DataArray(kelvin.astype("f4"), {"time": time, **grid}, ["time", "latitude", "longitude"], attrs={"units": "K"})
    field.to_dataset(name="air_temperature").to_netcdf(path, unlimited_dims=["time"])


def main():
    parser = argparse.ArgumentParser(description="compare the examples' outputs with xarray's")
    parser.add_argument("--rankine", required=True)
    parser.add_argument("--bin", required=True, help="where make_era5_like and anomaly_cpp are")
    parser.add_argument("--ranks", default="1,3")
    parser.add_argument("--mpirun", default="mpirun")
    parser.add_argument("--mpirun-flags", default="--oversubscribe --bind-to none --quiet")
    parser.add_argument("--work", default="examples-work")
    parser.add_argument("--timeout-s", type=float, default=120)
    options = parser.parse_args()
    options.work, options.bin = os.path.abspath(options.work), os.path.abspath(options.bin)
    options.rankine = os.path.abspath(options.rankine)
    os.makedirs(options.work, exist_ok=True)
    inputs, whole = make_inputs(options)

    different = 0
    for name in SCRIPTS:
        example = Example(name)
        output = "out.zarr" if name == "several_files_to_zarr" else "out.nc"
        source = inputs.get(name, whole)
        expected = compare.fresh_folder(os.path.join(options.work, name, "xarray"))
        command = [sys.executable, os.path.join(compare.HERE, "run_xarray.py"), example.path, source,
                   os.path.join(expected, output)]
        status, expected_text, errors = compare.run(command, expected, options.timeout_s)
        if status != 0:
            sys.exit(f"{name} fails under xarray: {errors}")
        programs = {"rankine": [options.rankine, "run", "--quiet", example.path]}
        if name == "anomaly":
            programs["C++"] = [os.path.join(options.bin, "anomaly_cpp")]
        for label, program in programs.items():
            for ranks in (int(r) for r in options.ranks.split(",")):
                got = compare.fresh_folder(os.path.join(options.work, name, f"{label}{ranks}"))
                launcher = [options.mpirun, "-n", str(ranks), *options.mpirun_flags.split()] if ranks > 1 else []
                command = [*launcher, *program, source, os.path.join(got, output)]
                status, text, errors = compare.run(command, got, options.timeout_s)
                comparison = compare.Comparison(example)
                if status != 0:
                    comparison.say(f"exit status {status}: {errors.strip()[-1500:]}")
                else:
                    if label == "rankine":
                        comparison.printed(text, expected_text)
                    comparison.outputs(got, expected)
                different += bool(comparison.mismatches)
                print(f"{'different' if comparison.mismatches else 'same':10} {name}, {label}, {ranks} rank(s)")
                for mismatch in comparison.mismatches:
                    print(f"    {mismatch}")
                if comparison.mismatches:
                    print(f"    repeat with: {compare.describe(command, got)}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
