#!/usr/bin/python3
"""How soon a lost rank is noticed, and what a loss costs.

    loss_times.py RANKINE MAKE_ERA5_LIKE [REPETITIONS]

Detection: from the signal to rank 0's "lost rank" line, for each kind of death. Cost: wall time of a job of rank 0 and four
workers when one of them is killed half way, against the same job undisturbed, alternating; outputs are compared. Prints raw
repetitions and medians.
"""
import hashlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import netCDF4

rankine, make_input = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
repetitions = int(sys.argv[3]) if len(sys.argv) > 3 else 5

script = """import xarray as xr
ds = xr.open_dataset("input.nc", chunks={"time": 20})
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
anomaly.to_netcdf("out.nc", encoding={"t2m": {"zlib": True, "complevel": 4}})
"""


def environment(tag):
    return dict(os.environ, RANKINE_TAG=tag, OMPI_MCA_orte_allowed_exit_without_sync="1", OMPI_MCA_mpi_yield_when_idle="1",
                OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", SOURCE_DATE_EPOCH="1700000000")


def process(tag, rank, comm):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/environ", "rb").read().split(b"\0")
            if open(f"/proc/{pid}/comm").read().strip() == comm and f"RANKINE_TAG={tag}".encode() in words and \
                    f"OMPI_COMM_WORLD_RANK={rank}".encode() in words:
                return int(pid)
        except OSError:
            pass
    return None


class Job:
    def __init__(self, tag, options=()):
        self.tag = tag
        self.lines = []
        self.begin = time.monotonic()
        self.child = subprocess.Popen(
            ["mpirun", "-n", "5", "--oversubscribe", "--bind-to", "none", "--quiet", rankine, "run", "--threads", "1", "--verbose",
             "--progress", "off", "--scheduler-works=no", *options, "script.py"],
            env=environment(tag), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.child.stderr:
            self.lines.append((time.monotonic(), line))

    def await_line(self, text):
        while True:
            for at, line in self.lines:
                if text in line:
                    return at
            if self.child.poll() is not None and not self.reader.is_alive():
                raise SystemExit(f"the job ended without '{text}':\n" + "".join(line for _, line in self.lines))
            time.sleep(0.0005)

    def end(self):
        status = self.child.wait()
        wall = time.monotonic() - self.begin
        self.reader.join()
        if status != 0:
            raise SystemExit(f"status {status}:\n" + "".join(line for _, line in self.lines))
        return wall


def values():
    with netCDF4.Dataset("out.nc") as file:
        file.set_auto_mask(False)
        return {name: hashlib.sha256(variable[...].tobytes()).hexdigest() for name, variable in file.variables.items()}


def detection(name, comm, number, options=()):
    times = []
    for repetition in range(repetitions):
        tag = f"{os.getpid()}-{name}-{repetition}"
        job = Job(tag, options)
        job.await_line("plan:")
        time.sleep(0.3)
        victim = process(tag, 2, comm)
        at = time.monotonic()
        os.kill(victim, number)
        times.append(job.await_line("lost rank 2") - at)
        job.end()
    print(f"{name:42s} median {statistics.median(times) * 1e3:8.1f} ms   all " + " ".join(f"{t * 1e3:.1f}" for t in times), flush=True)


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    open("script.py", "w").write(script)
    subprocess.run([make_input, "input.nc", "1000", "20", "91", "180"], check=True)
    Job("warm").end()
    expected = values()

    detection("killed (SIGKILL)", "rankine", signal.SIGKILL)
    detection("crashed (SIGSEGV)", "rankine", signal.SIGSEGV)
    detection("stopped, heartbeats 0.3s/1s", "rankine", signal.SIGSTOP, ["--heartbeat-interval", "300ms", "--heartbeat-timeout", "1s"])
    detection("stopped, heartbeats 3s/9s (defaults)", "rankine", signal.SIGSTOP)

    whole, disturbed = [], []
    for repetition in range(repetitions):
        job = Job(f"{os.getpid()}-whole-{repetition}")
        planned = job.await_line("plan:")
        wall = job.end()
        working = job.begin + wall - planned
        whole.append(wall)
        tag = f"{os.getpid()}-kill-{repetition}"
        job = Job(tag)
        planned = job.await_line("plan:")
        time.sleep(max(0.0, planned + working / 2 - time.monotonic()))
        os.kill(process(tag, 3, "rankine"), signal.SIGKILL)
        disturbed.append(job.end())
        if values() != expected:
            raise SystemExit("the output differs")
    print("undisturbed           s: " + " ".join(f"{t:.2f}" for t in whole))
    print("one of four killed    s: " + " ".join(f"{t:.2f}" for t in disturbed))
    extra = [b - a for a, b in zip(whole, disturbed)]
    print(f"extra: median {statistics.median(extra):.2f} s of {statistics.median(whole):.2f} s; outputs are the same")
