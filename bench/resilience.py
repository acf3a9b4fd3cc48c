#!/usr/bin/python3
"""What making safe, pausing and going on cost. Prints lines `name value unit`; every output is compared with an undisturbed run's.

    resilience.py RANKINE MAKE_ERA5_LIKE [REPETITIONS [checkpoint] [resume]]

checkpoint_ms          wall time that one checkpoint adds to a job that writes a large output, from runs with a checkpoint every
                       second against runs without a run directory, alternating; the median of pairs
checkpoint_overhead    that as a part of the default interval of 60 s, in percent
resume_tasks           tasks of the plan that is gone on with
run_plan_s             from the start of `rankine run` until the plan is there, the chunk index read
resume_startup_s       from the start of `rankine resume` until it knows what need not run again
resume_extra_s         the difference: what going on takes more than starting
How soon deaths are noticed and what a loss costs: loss_times.py. Spilling: see docs/performance.md.
"""
import hashlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import netCDF4

rankine, make_input = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
repetitions = int(sys.argv[3]) if len(sys.argv) > 3 else 5
wanted = sys.argv[4:] or ["checkpoint", "resume"]
os.environ["SOURCE_DATE_EPOCH"] = "1700000000"


def digest(path):
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        return {name: hashlib.sha256(variable[...].tobytes()).hexdigest() for name, variable in file.variables.items()}


class Run:
    """A run whose lines have times."""

    def __init__(self, *words):
        self.begin = time.monotonic()
        self.child = subprocess.Popen([rankine, *words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.lines = []

    def until(self, text):
        """Seconds from the start until a line has `text`; None if it ends before."""
        for line in self.child.stderr:
            self.lines.append(line)
            if text in line:
                return time.monotonic() - self.begin
        return None

    def end(self, status=0):
        self.lines += self.child.stderr.readlines()
        got = self.child.wait()
        if got != status:
            sys.exit(f"status {got} instead of {status}:\n" + "".join(self.lines))
        return time.monotonic() - self.begin


def say(name, value, unit):
    print(f"{name} {value} {unit}", flush=True)


def checkpoints():
    subprocess.run([make_input, "input.nc", "2400", "24", "91", "180"], check=True, stdout=subprocess.DEVNULL)
    with open("script.py", "w") as file:
        file.write("""import xarray as xr
ds = xr.open_dataset("input.nc", chunks={"time": 24})
months = ds.t2m.groupby("time.month")
(months - months.mean("time")).to_netcdf("out.nc", encoding={"t2m": {"zlib": True, "complevel": 4}})
""")
    def run(*options):
        job = Run("run", "--progress", "off", "--verbose", *options, "script.py")
        wall = job.end()
        values = digest("out.nc")
        os.remove("out.nc")
        return wall, sum(line.startswith("checkpoint:") for line in job.lines), values
    _, _, expected = run("--resumable", "no")
    costs, walls = [], []
    for _ in range(repetitions):
        without, none, values = run("--resumable", "no")
        with_them, count, others = run("--checkpoint-every", "1s")
        if values != expected or others != expected:
            sys.exit("the outputs differ")
        if count == 0 or none != 0:
            sys.exit(f"{count} checkpoints with them and {none} without: make the input larger")
        costs.append((with_them - without) / count * 1e3)
        walls.append(without)
    say("checkpoint_run_s", f"{statistics.median(walls):.2f}", "s")
    for cost in costs:
        say("checkpoint_ms_raw", f"{cost:.1f}", "ms")
    say("checkpoint_ms", f"{statistics.median(costs):.1f}", "ms")
    say("checkpoint_overhead", f"{statistics.median(costs) / 600:.3f}", "%")


def resuming():
    # 1500 x 19 x 36 chunks: a million tasks that read one each.
    subprocess.run([make_input, "small.nc", "1500", "1", "10", "10"], check=True, stdout=subprocess.DEVNULL)
    with open("many.py", "w") as file:
        file.write("""import xarray as xr
ds = xr.open_dataset("small.nc", chunks={"time": 1, "latitude": 10, "longitude": 10})
ds.t2m.std(["latitude", "longitude"]).to_netcdf("std.nc")
""")
    job = Run("run", "--progress", "off", "--verbose", "many.py")
    job.until("plan:")
    whole = job.end()
    plan = next(line for line in job.lines if "plan:" in line)
    expected = digest("std.nc")
    starts, resumes = [], []
    for _ in range(repetitions):
        os.remove("std.nc")
        job = Run("run", "--progress", "off", "--verbose", "--drain", "60s", "many.py")
        starts.append(job.until("plan:"))
        time.sleep(max(0.2, (whole - starts[-1]) / 2))
        job.child.send_signal(signal.SIGUSR1)
        job.end(75)
        job = Run("resume", "--progress", "off", "--verbose", "std.nc.rankine")
        known = job.until("need not run again")
        if known is None:
            sys.exit("nothing was gone on with:\n" + "".join(job.lines))
        resumes.append(known)
        job.end()
        if digest("std.nc") != expected:
            sys.exit("the output differs")
    say("resume_tasks", plan.split("plan:")[1].split()[0], "tasks")
    for start, resume in zip(starts, resumes):
        say("resume_raw", f"{start:.2f} {resume:.2f}", "s s")
    say("run_plan_s", f"{statistics.median(starts):.2f}", "s")
    say("resume_startup_s", f"{statistics.median(resumes):.2f}", "s")
    say("resume_extra_s", f"{statistics.median(b - a for a, b in zip(starts, resumes)):.2f}", "s")


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    if "checkpoint" in wanted:
        checkpoints()
    if "resume" in wanted:
        resuming()
    os.chdir("/")
