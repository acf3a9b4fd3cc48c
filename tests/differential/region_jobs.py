"""region_jobs.py --rankine RANKINE --work FOLDER

Two jobs that write regions of one Zarr store at the same time: both end well, what they write is what xarray would have
written, and nothing is left beside the store. A second job for a region that is being written is refused.
Also the values at one place of many files: as xarray reads them.
"""
import argparse
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import xarray

SCRIPT = """import sys
import xarray as xr
folder, begin = sys.argv[1], int(sys.argv[2])
ds = xr.open_dataset(folder + "/in.nc", chunks={"time": 10}).isel(time=slice(begin, begin + 50))
(ds * 2).drop_vars(["time", "x"]).to_zarr(folder + "/out.zarr", mode="r+", region={"time": slice(begin, begin + 50)})
"""
SERIES = """import sys
import xarray as xr
folder = sys.argv[1]
ds = xr.open_mfdataset(folder + "/day_*.nc")
ds.v.sel(x=7.2, method="nearest").to_netcdf(folder + "/series.nc")
ds.isel(x=slice(3, 5)).mean("time").to_netcdf(folder + "/mean.nc")
"""


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    work = options.work
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    values = np.random.default_rng(3).normal(size=(100, 300))
    source = xarray.Dataset({"a": (("time", "x"), values)}, {"time": np.arange(100), "x": np.arange(300)})
    source.to_netcdf(work + "/in.nc", encoding={"a": {"zlib": True, "chunksizes": (10, 300)}})
    xarray.zeros_like(source).to_zarr(work + "/out.zarr", encoding={"a": {"chunks": (10, 300)}})
    with open(work + "/script.py", "w") as file:
        file.write(SCRIPT)
    command = [options.rankine, "run", "--quiet", "--threads=1", work + "/script.py", work]
    slow = dict(os.environ, RANKINE_REHEARSE="rank=0 task=write slow=400")
    first = subprocess.Popen([*command, "0"], env=slow, stderr=subprocess.PIPE, text=True)
    while first.poll() is None and not os.path.exists(work + "/out.zarr.0-0.rankine/journal"):
        time.sleep(0.01)
    second = subprocess.run([*command, "50"], capture_output=True, text=True, check=False)
    same = subprocess.run([*command, "0"], capture_output=True, text=True, check=False)
    running = first.poll() is None
    _, error = first.communicate()
    if first.returncode != 0 or second.returncode != 0:
        sys.exit(f"the jobs end with {first.returncode} and {second.returncode}: {error}{second.stderr}")
    if running and (same.returncode == 0 or "in use" not in same.stderr):
        sys.exit(f"a region is written by two jobs at once: {same.returncode} {same.stderr}")
    with xarray.open_zarr(work + "/out.zarr") as out:
        if not np.array_equal(out.a.values, 2 * values):
            sys.exit("the store holds other values than the jobs wrote")
    left = [name for name in os.listdir(work) if "rankine" in name]
    if left:
        sys.exit(f"the jobs left {left} behind")

    for day in range(30):
        part = xarray.Dataset({"v": (("time", "y", "x"), np.random.default_rng(day).normal(size=(4, 200, 300)))},
                              {"time": np.arange(4) + 4 * day, "x": np.arange(300)})
        part.to_netcdf(f"{work}/day_{day:02}.nc", encoding={"v": {"zlib": True, "complevel": 1, "chunksizes": (2, 200, 300)}})
    with open(work + "/series.py", "w") as file:
        file.write(SERIES)
    subprocess.run([options.rankine, "run", "--quiet", work + "/series.py", work], check=True)
    ds = xarray.open_mfdataset(work + "/day_*.nc")
    xarray.testing.assert_equal(xarray.open_dataset(work + "/series.nc").v, ds.v.sel(x=7.2, method="nearest").compute())
    xarray.testing.assert_allclose(xarray.open_dataset(work + "/mean.nc"), ds.isel(x=slice(3, 5)).mean("time").compute(), rtol=1e-12)


if __name__ == "__main__":
    main()
