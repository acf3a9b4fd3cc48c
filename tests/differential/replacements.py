"""What `rankine language` tells to write instead of what is not there: each recipe runs under Rankine and gives what the
original gives under xarray.

    replacements.py --rankine build/bin/rankine [--work DIR]
"""
import argparse
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import xarray as xr

import compare

PRELUDE = """
import sys
import numpy as np
import xarray as xr

def tell(name, result):
    if hasattr(result, "data_vars"):
        result.to_netcdf(f"{sys.argv[1]}/{name}.nc")
    elif hasattr(result, "dims"):
        result.rename("result").to_netcdf(f"{sys.argv[1]}/{name}.nc")
    elif hasattr(result, "ndim") and result.ndim > 0:
        xr.DataArray(result, name="result").to_netcdf(f"{sys.argv[1]}/{name}.nc")
    else:
        value = result.item() if hasattr(result, "item") else result
        print(name, f"{value:.12g}" if isinstance(value, float) else repr(value))
"""
NAMES = """
    ds = xr.open_dataset("in.nc")
    da, other, gaps = ds.t, ds.u, ds.gaps
    part = ds.t.isel(lat=slice(1, 3), lon=slice(0, 2))
    line = ds.t.isel(time=0, lon=0, drop=True)
    folder, one_file = sys.argv[1] + "/", "one.nc"
"""


def make_inputs(folder):
    random = np.random.default_rng(0)
    coords = dict(time=pd.date_range("2000-01-28", periods=18, freq="5D"), lat=[50.0, 51, 52, 53, 54, 55], lon=[0.0, 10, 20, 30])
    fields = {name: (("time", "lat", "lon"), 280 + random.normal(0, 3, (18, 6, 4))) for name in ("t", "u", "gaps")}
    ds = xr.Dataset(fields, coords=coords).assign_coords(height=2.0)
    ds.gaps.values[3] = ds.gaps.values[5, 0] = np.nan
    ds.t.attrs["units"] = "K"
    ds.to_netcdf(os.path.join(folder, "in.nc"))
    ds.t.isel(time=0, drop=True).to_netcdf(os.path.join(folder, "one.nc"))


def run(command, rows, key, work, label):
    """The folder of results and the lines that were printed."""
    script = os.path.join(work, label + ".py")
    with open(script, "w") as file:
        file.write(PRELUDE)
        for number, row in enumerate(rows):
            body = "".join("    " + line + "\n" for line in row[key].splitlines())
            file.write(f"\ndef row_{number}():{NAMES}{body}    tell('row_{number}', result)\nrow_{number}()\n")
    folder = compare.fresh_folder(os.path.join(work, label))
    status, text, errors = compare.run([*command, script, folder], work, 300)
    if status != 0:
        sys.exit(f"{label} ends with {status}:\n{errors.strip()[-4000:]}")
    return folder, dict(line.split(" ", 1) for line in text.splitlines())


def difference(got, expected):
    with xr.open_dataset(got) as a, xr.open_dataset(expected) as b:
        if set(a.data_vars) != set(b.data_vars):
            return f"variables {sorted(a.data_vars)} instead of {sorted(b.data_vars)}"
        for name in b.data_vars:
            mine, theirs = a[name].load(), b[name].load()
            try:
                # Scalar coordinates may come or go; values, dims, and coordinates along dims are the same.
                xr.testing.assert_allclose(mine.transpose(*theirs.dims).reset_coords(drop=True), theirs.reset_coords(drop=True), rtol=1e-9)
            except (AssertionError, ValueError) as error:
                return str(error)
    return None


def main():
    parser = argparse.ArgumentParser(description="compare recipes with what they stand for")
    parser.add_argument("--rankine", required=True)
    parser.add_argument("--work", default="replacements-work")
    options = parser.parse_args()
    rankine, work = os.path.abspath(options.rankine), compare.fresh_folder(os.path.abspath(options.work))
    make_inputs(work)
    told = json.loads(subprocess.run([rankine, "language", "--json"], capture_output=True, check=True).stdout)
    rows = [row for row in told["replacements"] if row["instead"]]
    if len(rows) < 50:
        sys.exit(f"{len(rows)} recipes only")
    expected, expected_lines = run([sys.executable], rows, "original", work, "originals")
    got, got_lines = run([rankine, "run", "--quiet"], rows, "instead", work, "recipes")
    wrong = 0
    for number, row in enumerate(rows):
        name = f"row_{number}"
        if name in expected_lines or name in got_lines:
            a, b = got_lines.get(name), expected_lines.get(name)
            why = None if a == b else f"{a} instead of {b}"
        else:
            why = difference(os.path.join(got, name + ".nc"), os.path.join(expected, name + ".nc"))
        if why:
            wrong += 1
            print(f"different  {row['name']}: {why}")
    print(f"{len(rows) - wrong} of {len(rows)} recipes give what they stand for")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
