"""Two runs with run directories of their own on one output at once: the second is refused by the name of the first, for as long as
that lives. Regions of one store that share no chunk are written at the same time.

    two_runs.py RANKINE WORK
"""
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import xarray as xr

rankine, work = sys.argv[1:3]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
failures = 0
ds = xr.Dataset({"v": (("time", "x"), np.arange(1200, dtype="f4").reshape(60, 20))}, coords={"time": np.arange(60)})
ds.to_netcdf("in.nc")

SCRIPT = """import sys
import xarray as xr
ds = xr.open_dataset("in.nc", chunks={"time": 10})[["v"]]
if sys.argv[1] == "append":
    (ds * 2).to_zarr("out/s.zarr", append_dim="time")
elif sys.argv[1] == "append_link":
    (ds * 2).to_zarr("link.zarr", append_dim="time")
elif sys.argv[1] == "append_group":
    (ds * 2).to_zarr("out/s.zarr", group="g/h", append_dim="time")
elif sys.argv[1] == "append_group_path":
    (ds * 2).to_zarr("out/s.zarr/g/h", append_dim="time")
elif sys.argv[1] == "nc":
    (ds * 2).to_netcdf("out/o.nc")
elif sys.argv[1] == "w":
    (ds * 2).to_zarr("out/s.zarr", mode="w")
else:
    begin, end = int(sys.argv[2]), int(sys.argv[3])
    (ds * 2).drop_vars("time").isel(time=slice(begin, end)).to_zarr("out/s.zarr", region={"time": slice(begin, end)})
"""
with open("s.py", "w") as file:
    file.write(SCRIPT)


def complain(text):
    global failures
    failures += 1
    print(text, file=sys.stderr)


def start(directory, *words, rehearse=None):
    environment = dict(os.environ)
    environment.pop("RANKINE_REHEARSE", None)
    if rehearse:
        environment["RANKINE_REHEARSE"] = rehearse
    return subprocess.Popen([rankine, "run", "--quiet", "--threads", "1", "--run-dir", directory, "s.py", *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def finish(job):
    out, err = job.communicate(timeout=100)
    return job.returncode, err


def fresh_folder():
    for name in ("out", "run1", "run2"):
        shutil.rmtree(name, ignore_errors=True)
    os.mkdir("out")
    ds.to_zarr("out/s.zarr", encoding={"v": {"chunks": (10, 20)}})
    ds.to_zarr("out/s.zarr", group="g/h", encoding={"v": {"chunks": (10, 20)}})
    if not os.path.islink("link.zarr"):
        os.symlink("out/s.zarr", "link.zarr")


def stopped_run(*words, directory="run1"):
    """A run that stands still in the middle, with its outputs made."""
    job = start(directory, *words, rehearse="rank=0 at=close signal=19")
    for _ in range(3000):
        with open(f"/proc/{job.pid}/stat") as file:
            if file.read().rpartition(")")[2].split()[0] == "T":
                return job
        time.sleep(0.01)
    sys.exit(f"the first run does not stop: {job.poll()}")


def left():
    return sorted(name for name in os.listdir("out") if name.startswith("."))


def refuses_while_it_lives(words, second, output):
    fresh_folder()
    first = stopped_run(*words)
    status, err = finish(start("run2", *second))
    if status != 2 or f"{output}: process {first.pid} on " not in err or "is writing" not in err:
        complain(f"{second} while {words} lives: status {status} {err!r}")
    os.kill(first.pid, signal.SIGCONT)
    status, err = finish(first)
    if status != 0 or left():
        complain(f"{second} while {words} lives: the first ends with status {status} {err!r}, {left()} are left")


for output, words, second in (("s.zarr", ["append"], ["append"]), ("o.nc", ["nc"], ["nc"]), ("s.zarr", ["w"], ["append"]),
                              ("s.zarr", ["region", "10", "30"], ["region", "20", "40"]), ("s.zarr", ["region", "10", "30"], ["append"]),
                              ("s.zarr", ["append"], ["region", "10", "30"])):
    story = f"{second} while {words} lives"
    refuses_while_it_lives(words, second, "out/" + output)
    # It dies: nothing is in the way any more.
    fresh_folder()
    first = stopped_run(*words)
    first.kill()
    finish(first)
    status, err = finish(start("run2", *second))
    if status != 0:
        complain(f"{story}, once that is killed: status {status} {err!r}")
    status, err = finish(start("run1", *words))
    if status not in (0, 2) or (status == 0 and left()):
        complain(f"{story}, and then the first again: status {status} {err!r}, {left()} are left")

# One store has several names.
for words, second, name in (("append", "append_link", "link.zarr"), ("append_link", "append", "s.zarr"), ("append_group", "append_group_path", "h"),
                            ("append_group_path", "append_group", "s.zarr")):
    refuses_while_it_lives([words], [second], name)

# Regions that share no chunk.
fresh_folder()
first = stopped_run("region", "0", "20")
status, err = finish(start("run2", "region", "20", "60"))
if status != 0:
    complain(f"regions apart: status {status} {err!r}")
os.kill(first.pid, signal.SIGCONT)
status, err = finish(first)
if status != 0 or left() or not np.array_equal(xr.open_zarr("out/s.zarr").v.values, ds.v.values * 2):
    complain(f"regions apart: the first ends with status {status} {err!r}, {left()} are left")

# An interrupted run that finds another one at its output keeps what it has done.
fresh_folder()
job = start("run1", "nc", rehearse="rank=0 at=close signal=9")
finish(job)
first = stopped_run("nc", directory="run2")
status, err = finish(start("run1", "nc"))
if status != 2 or "is writing to it" not in err or not os.path.exists("run1/journal"):
    complain(f"gone on with while another run writes: status {status} {err!r}, {os.listdir('run1')}")
os.kill(first.pid, signal.SIGCONT)
finish(first)
status, err = finish(start("run1", "nc"))
if status != 0 or left():
    complain(f"gone on with when the other run has ended: status {status} {err!r}, {left()} are left")

if failures:
    sys.exit(f"{failures} failures")
print("no two live runs write to one output")
