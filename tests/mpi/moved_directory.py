"""Folders with a run that was interrupted: moved, it goes on where it lies now; copied, the copy begins anew in its own place and
leaves the original alone.

    moved_directory.py RANKINE WORK
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
work = os.path.realpath(work)
os.chdir(work)
failures = 0

rng = np.random.default_rng(1)
values = rng.normal(size=(60, 50, 40)).astype("f4")
SCRIPT = """import xarray as xr
ds = xr.open_dataset("in.nc", chunks={"time": 5})
(ds * 2).to_netcdf("out/o.nc", encoding={"v": {"zlib": True, "complevel": 5, "chunksizes": (5, 50, 40)}})
(ds * 3).to_zarr("out/z.zarr")
ds.isel(time=slice(31, 60)).to_zarr("out/base.zarr", append_dim="time")
"""


def complain(text):
    global failures
    failures += 1
    print(text, file=sys.stderr)


def run(folder, *words, command="run", rehearse=None):
    environment = dict(os.environ)
    environment.pop("RANKINE_REHEARSE", None)
    if rehearse:
        environment["RANKINE_REHEARSE"] = rehearse
    return subprocess.run([rankine, command, "--threads", "1", *words], cwd=folder, capture_output=True, text=True, env=environment,
                          timeout=100)


def interrupted(folder, moment="close"):
    """A run that was killed: when a task began, or with all of its checkpoints noted when its outputs were to be closed."""
    for name in os.listdir("."):
        shutil.rmtree(name)
    os.makedirs(folder + "/out")
    ds = xr.Dataset({"v": (("time", "y", "x"), values)}, coords={"time": np.arange(60)})
    ds.to_netcdf(folder + "/in.nc")
    ds.isel(time=slice(0, 31)).to_zarr(folder + "/out/base.zarr", encoding={"v": {"chunks": (10, 50, 40)}})
    with open(folder + "/s.py", "w") as file:
        file.write(SCRIPT)
    job = run(folder, "--quiet", "--checkpoint-every", "1ms", "s.py", rehearse=f"rank=0 at={moment} signal=9")
    if job.returncode != -9 or not os.path.isdir(folder + "/out/o.nc.rankine"):
        sys.exit(f"no run was killed: {job.returncode} {job.stderr}")


def state(folder):
    found = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            status = os.lstat(os.path.join(path, name))
            found[os.path.join(path, name)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def check_outputs(story, folder):
    left = sorted(os.listdir(folder + "/out"))
    if left != ["base.zarr", "o.nc", "z.zarr"]:
        complain(f"{story}: {folder}/out holds {left}")
        return
    for name, factor in (("o.nc", 2), ("z.zarr", 3), ("base.zarr", 1)):
        opened = xr.open_zarr(f"{folder}/out/{name}") if name.endswith("zarr") else xr.open_dataset(f"{folder}/out/{name}")
        if not np.array_equal(opened.v.values, values * np.float32(factor)):
            complain(f"{story}: {folder}/out/{name} holds other values or {dict(opened.sizes)}")
        opened.close()


def succeeds(story, job, text):
    if job.returncode != 0 or text not in job.stderr:
        complain(f"{story}: status {job.returncode}, {job.stderr!r} does not say {text!r}")


# ---- copied
for words, moment in (([], "close"), (["--fresh"], "close"), ([], "task"), ([], "making")):
    interrupted("exp1", moment)
    subprocess.run(["cp", "-a", "exp1", "exp2"], check=True)
    before = state("exp1")
    story = f"the copy with {words}, killed at {moment}"
    succeeds(story, run("exp2", *words, "s.py"), f"is a copy of the run in {work}/exp1/out/o.nc.rankine")
    check_outputs(story, "exp2")
    if state("exp1") != before:
        complain(f"{story}: the original was touched")
    succeeds("the original", run("exp1", "s.py"), "goes on with the run")
    check_outputs("the original", "exp1")
interrupted("exp1")
subprocess.run(["cp", "-a", "exp1", "exp2"], check=True)
before = state(".")
job = run(".", "exp2/out/o.nc.rankine", command="resume")
if job.returncode != 2 or f"is a copy of the run in {work}/exp1/out/o.nc.rankine" not in job.stderr or state(".") != before:
    complain(f"resume of a copy: status {job.returncode} {job.stderr!r}")

# ---- moved
for words, command in ((["s.py"], "run"), (["out/o.nc.rankine"], "resume")):
    interrupted("exp1")
    os.mkdir("elsewhere")
    os.rename("exp1", "elsewhere/exp3")
    story = f"moved, then {command}"
    succeeds(story, run("elsewhere/exp3", *words, command=command), "goes on with the run")
    check_outputs(story, "elsewhere/exp3")
    if os.path.exists("exp1"):
        complain(f"{story}: the old place came back")
    # Moved to another file system: the numbers are others, but nothing is left where it was.
    interrupted("exp1")
    subprocess.run(["cp", "-a", "exp1", "exp4"], check=True)
    shutil.rmtree("exp1")
    story = f"moved to another file system, then {command}"
    succeeds(story, run("exp4", *words, command=command), "goes on with the run")
    check_outputs(story, "exp4")
    if os.path.exists("exp1"):
        complain(f"{story}: the old place came back")
# Twice, and killed in between.
interrupted("exp1")
os.rename("exp1", "exp5")
job = run("exp5", "--quiet", "s.py", rehearse="rank=0 at=close signal=9")
if job.returncode != -9:
    complain(f"the moved run was not killed: {job.returncode} {job.stderr}")
os.rename("exp5", "exp6")
succeeds("moved twice", run("exp6", "s.py"), "goes on with the run")
check_outputs("moved twice", "exp6")

if failures:
    sys.exit(f"{failures} failures")
print("what was moved is followed, what was copied begins anew")
