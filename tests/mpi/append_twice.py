"""A run that appends to stores is killed before each step of giving its outputs their names, and once after the last; the same
command once more ends with every step appended once.

    append_twice.py RANKINE WORK [MPIRUN "MPIRUN_FLAGS"]
"""
import os
import shutil
import subprocess
import sys

import numpy as np
import xarray as xr

rankine, work = sys.argv[1:3]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
failures = 0
steps, first = 73, 31   # no whole number of chunks: what is there is read and written again

rng = np.random.default_rng(1)
ds = xr.Dataset({"v": (("time", "x"), rng.normal(size=(steps, 40)).astype("f4")), "w": (("x",), np.arange(40.0))},
                coords={"time": np.arange(steps, dtype="i8")})
ds.to_netcdf("in.nc")
SCRIPTS = {
    # Appends to what is there, beside another output.
    "there": """import xarray as xr
ds = xr.open_dataset("in.nc", chunks={"time": 5})
rest = ds[["v"]].isel(time=slice(31, 73))
rest.to_zarr("out/base.zarr", append_dim="time")
ds.v.std("x").to_netcdf("out/std.nc")
""",
    # Makes the store by its first append, prints a value in between, and adds a variable.
    "made": """import xarray as xr
ds = xr.open_dataset("in.nc", chunks={"time": 5})
ds.v.std("x").to_netcdf("out/std.nc")
ds[["v"]].isel(time=slice(0, 31)).to_zarr("out/base.zarr", append_dim="time")
print(float(ds.v.isel(time=3).sum()))
ds[["v"]].isel(time=slice(31, 73)).to_zarr("out/base.zarr", append_dim="time")
ds[["w"]].to_zarr("out/other.zarr", mode="w")
""",
}


def complain(text):
    global failures
    failures += 1
    print(text, file=sys.stderr)


def run(name, rehearse=None):
    environment = dict(os.environ)
    environment.pop("RANKINE_REHEARSE", None)
    if rehearse:
        environment["RANKINE_REHEARSE"] = rehearse
    return subprocess.run([rankine, "run", "--quiet", "--threads", "1", name + ".py"], capture_output=True, text=True,
                          env=environment, timeout=100)


for name, script in SCRIPTS.items():
    with open(name + ".py", "w") as file:
        file.write(script)
    outputs = ["base.zarr", "std.nc"] if name == "there" else ["base.zarr", "other.zarr", "std.nc"]
    for count in range(1, 60):
        shutil.rmtree("out", ignore_errors=True)
        os.mkdir("out")
        if name == "there":
            ds[["v"]].isel(time=slice(0, first)).to_zarr("out/base.zarr", encoding={"v": {"chunks": (10, 40)}})
        job = run(name, f"rank=0 at=commit count={count} signal=9")
        if job.returncode == 0:
            break
        story = f"{name}, killed at step {count}"
        if job.returncode != -9:
            complain(f"{story}: status {job.returncode} {job.stderr}")
            break
        job = run(name)
        if job.returncode != 0:
            complain(f"{story}: the same once more gives status {job.returncode} {job.stderr}")
            continue
        if sorted(os.listdir("out")) != outputs:
            complain(f"{story}: the folder holds {sorted(os.listdir('out'))}")
        for opened in (xr.open_zarr("out/base.zarr"), xr.open_zarr("out/base.zarr", consolidated=False)):
            if opened.sizes["time"] != steps:
                complain(f"{story}: the store has {opened.sizes['time']} steps, not {steps}")
            elif not np.array_equal(opened.v.values, ds.v.values) or not np.array_equal(opened.time.values, ds.time.values):
                complain(f"{story}: the store holds other values")
        if name == "made" and not np.array_equal(xr.open_zarr("out/other.zarr").w.values, ds.w.values):
            complain(f"{story}: the other store holds other values")
    if count < 6:
        complain(f"{name}: only {count - 1} steps")
    print(f"{name}: {count - 1} steps")

# All is done, but a rank dies while it leaves, and mpirun makes a failure of it: the same once more appends nothing. Where mpirun
# takes the run's own status, nothing is left.
for allowed in ([], ["OMPI_MCA_orte_allowed_exit_without_sync"]) if len(sys.argv) > 4 else []:
    shutil.rmtree("out", ignore_errors=True)
    os.mkdir("out")
    ds[["v"]].isel(time=slice(0, first)).to_zarr("out/base.zarr", encoding={"v": {"chunks": (10, 40)}})
    for rehearse in ("rank=2 at=leave signal=9", ""):
        environment = {name: value for name, value in os.environ.items() if name != "OMPI_MCA_orte_allowed_exit_without_sync"}
        environment.update({name: "1" for name in allowed}, RANKINE_REHEARSE=rehearse)
        job = subprocess.run([sys.argv[3], *sys.argv[4].split(), "-n", "3", rankine, "run", "--quiet", "there.py"],
                             capture_output=True, text=True, env=environment, timeout=100)
        if job.returncode == 0:
            break
    if job.returncode != 0 or sorted(os.listdir("out")) != ["base.zarr", "std.nc"]:
        complain(f"a rank died while it left, {allowed}: status {job.returncode} {job.stderr} {sorted(os.listdir('out'))}")
    if not np.array_equal(xr.open_zarr("out/base.zarr").v.values, ds.v.values):
        complain(f"a rank died while it left, {allowed}: the store has {dict(xr.open_zarr('out/base.zarr').sizes)}")

# What somebody else appends meanwhile is not written over.
shutil.rmtree("out", ignore_errors=True)
os.mkdir("out")
ds[["v"]].isel(time=slice(0, first)).to_zarr("out/base.zarr", encoding={"v": {"chunks": (10, 40)}})
job = run("there", "rank=0 at=close signal=9")
ds[["v"]].isel(time=slice(0, 10)).to_zarr("out/base.zarr", append_dim="time")
job = run("there")
if job.returncode != 2 or xr.open_zarr("out/base.zarr").sizes["time"] != first + 10:
    complain(f"appended to by somebody else: status {job.returncode} {job.stderr}")

if failures:
    sys.exit(f"{failures} failures")
print("every step is appended once")
