"""A job that is ended at a random moment, in one way or another, and gone on with on another number of ranks: the output
is bitwise that of an undisturbed run. And what must not be gone on with is refused, by name.

    resume.py RANKINE MPIRUN "MPIRUN_FLAGS" MAKE_ERA5_LIKE WORK [RUNS [SEED]]
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import xarray as xr

rankine, mpirun, flags, make_input, work = sys.argv[1:6]
runs = int(sys.argv[6]) if len(sys.argv) > 6 else 6
seed = int(sys.argv[7]) if len(sys.argv) > 7 else random.SystemRandom().randrange(10**6)
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
os.environ["SOURCE_DATE_EPOCH"] = "1000000000"
failures = 0
script = "script.py"
marker = f"log_{os.getpid()}"   # tells these processes from all others

SCRIPT = """import sys
import xarray as xr
ds = xr.open_dataset(sys.argv[1])
months = ds.t2m.groupby("time.month")
print(float(ds.t2m.isel(time=0).mean()))
anomaly = months - months.mean("time")
if sys.argv[2].endswith(".zarr"):
    anomaly.to_dataset(name="t2m").to_zarr(sys.argv[2])
else:
    encoding = {"t2m": {"zlib": True, "complevel": 2, "chunksizes": (50, 50, 60)}} if sys.argv[3] == "deflate" else {}
    anomaly.to_dataset(name="t2m").to_netcdf(sys.argv[2], encoding=encoding)
ds.t2m.std("time").to_netcdf("std_" + sys.argv[2].replace(".zarr", ".nc"))
"""


def complain(text):
    global failures
    failures += 1
    print(f"seed {seed}: {text}", file=sys.stderr)


def command(ranks, words):
    launcher = [mpirun, "-n", str(ranks), *flags.split()] if ranks else []
    return [*launcher, rankine, words[0], "--log-file", marker, *words[1:]]


def start(ranks, words):
    return subprocess.Popen(command(ranks, words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(job, seconds=180):
    try:
        return (*job.communicate(timeout=seconds), job.returncode)
    except subprocess.TimeoutExpired:
        kill_all(job)
        return (*job.communicate(), "hung")


def processes_of(word):
    """Every process that has this word on its command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/stat") as file:
                is_zombie = file.read().rpartition(")")[2].split()[0] == "Z"
            if word.encode() in words and not is_zombie:
                found.append(int(pid))
        except OSError:
            pass
    return found


def kill_all(job):
    """The launcher, the ranks and what watches over them, as when the power fails."""
    while True:
        pids = processes_of(marker)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not pids:
            return
        time.sleep(0.01)


def same(a, b):
    opened = [xr.open_zarr(path) if path.endswith(".zarr") else xr.open_dataset(path) for path in (a, b)]
    if list(opened[0].variables) != list(opened[1].variables):
        return False
    return all(opened[0][name].values.tobytes() == opened[1][name].values.tobytes() for name in opened[0].variables)


def remove_outputs(output):
    for path in (output, "std_" + output.replace(".zarr", ".nc")):
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.remove(path)


def left_behind(output):
    return [name for name in os.listdir(".") if name.startswith(("." + output, ".std_")) or name.endswith(".rankine")]


subprocess.run([make_input, "input.nc", "600", "50", "60", "90"], check=True, stdout=subprocess.DEVNULL)
with open(script, "w") as file:
    file.write(SCRIPT)
kinds = [("out.nc", "deflate"), ("out.zarr", "-"), ("out.nc", "plain")]
expected, seconds = {}, {}
for output, how in kinds:
    reference = f"reference_{how}_{output}"
    begin = time.monotonic()
    job = subprocess.run(command(0, ["run", "--quiet", "--threads", "1", script, "input.nc", reference, how]),
                         capture_output=True, text=True)
    seconds[how] = time.monotonic() - begin
    if job.returncode != 0 or left_behind(reference):
        sys.exit(f"the undisturbed run failed: {job.stderr} {left_behind(reference)}")
    expected[how] = (reference, job.stdout)

dice = random.Random(seed)
interrupted = 0
for number in range(runs):
    output, how = kinds[number % len(kinds)]
    death = dice.choice(["KILL", "KILL", "USR1", "TERM"])
    remove_outputs(output)
    words = ["--quiet", "--threads", "1", "--drain", "20s", "--checkpoint-every", f"{dice.choice([50, 200, 1000])}ms"]
    ranks = dice.choice([0, 2, 3])
    story = f"run {number}: {output} {how} on {ranks} ranks"
    job = start(ranks, ["run", *words, script, "input.nc", output, how])
    for attempt in range(4):
        time.sleep(dice.uniform(0.1, 0.8) * seconds[how] + (0.5 if ranks else 0))
        story += f", {death}"
        if death == "KILL":
            kill_all(job)
        else:
            # To one process, and under mpirun to the launcher, which hands USR1 on to every rank.
            os.kill(job.pid, getattr(signal, "SIG" + death) if not ranks else signal.SIGUSR1)
        out, err, status = finish(job)
        if status == 0:
            break
        interrupted += 1
        if death != "KILL" and status != 75:
            complain(f"{story}: status {status} instead of 75\n{err}")
        ranks = dice.choice([0, 2, 4])
        story += f", resumed on {ranks}"
        if left_behind(output) and os.path.isdir(output + ".rankine"):
            job = start(ranks, ["resume", *words, output + ".rankine"])
        else:
            # It died before it had begun, or after it had ended.
            remove_outputs(output)
            job = start(ranks, ["run", *words, script, "input.nc", output, how])
        death = dice.choice(["KILL", "USR1"])
        if attempt == 1:  # this one may end
            out, err, status = finish(job)
            break
    if status != 0:
        complain(f"{story}: status {status}\n{err}")
        continue
    reference, printed = expected[how]
    if out != printed:
        complain(f"{story}: printed {out!r}, not {printed!r}")
    for path, other in ((output, reference), ("std_" + output.replace(".zarr", ".nc"), "std_" + reference.replace(".zarr", ".nc"))):
        if not same(path, other):
            complain(f"{story}: {path} is not what an undisturbed run gives")
    if left_behind(output):
        complain(f"{story}: these are left: {left_behind(output)}")
for _ in range(100):
    if not processes_of(marker):
        break
    time.sleep(0.1)
else:
    complain(f"processes are left: {processes_of(marker)}")
if runs > 3 and interrupted == 0:
    complain("no run was interrupted: the moments are badly chosen")

# ---- what is refused
target = kinds[0]
words = ["--quiet", "--threads", "1", "--drain", "20s"]


def interrupted_run():
    for name in left_behind("out.nc"):
        shutil.rmtree(name) if os.path.isdir(name) else os.remove(name)
    for delay in (0.5, 0.3, 0.2, 0.1, 0.05):
        job = start(0, ["run", *words, script, "input.nc", *target])
        time.sleep(delay * seconds["deflate"])
        os.kill(job.pid, signal.SIGUSR1)
        out, err, status = finish(job)
        if status == 75 and os.path.isdir("out.nc.rankine"):
            return
    sys.exit("no run could be interrupted")


def refused(name, text, script_words):
    job = subprocess.run(command(0, script_words), capture_output=True, text=True)
    if job.returncode != 2 or text not in job.stderr:
        complain(f"{name}: status {job.returncode}, {job.stderr!r} does not say {text!r}")


again = ["run", *words, script, "input.nc", *target]
interrupted_run()
with open(script, "w") as file:
    file.write(SCRIPT.replace('std("time")', 'var("time")'))
refused("changed script", "line 12 was 'ds.t2m.std", again)
with open(script, "w") as file:
    file.write(SCRIPT)
refused("changed arguments", "arguments were 'input.nc out.nc deflate' and are 'input.nc out.nc plain'",
        ["run", *words, script, "input.nc", "out.nc", "plain"])
before = os.stat("input.nc")
os.utime("input.nc")
refused("changed input", "input.nc has changed", again)
os.utime("input.nc", ns=(before.st_atime_ns, before.st_mtime_ns))
refused("not a run directory", "is not of a run of rankine", ["run", *words, "--run-dir", ".", script, "input.nc", *target])
if os.path.exists("outcome.json"):
    complain("a run that was refused leaves its outcome in a directory that is none of a run")
refused("a file to resume", "is a file, not the directory of a run", ["resume", script])
refused("nothing to resume", "there is no run directory", ["resume", "nowhere.rankine"])
unfinished = [name for name in left_behind("out.nc") if name.startswith(".out.nc")]
# Left where whoever wrote an outcome was killed: no reason to refuse the directory.
with open("out.nc.rankine/outcome.json.new", "w") as file:
    file.write("{")
job = subprocess.run(command(0, ["run", *words, "--fresh", script, "input.nc", *target]), capture_output=True, text=True)
if job.returncode != 0 or not same("out.nc", expected["deflate"][0]) or left_behind("out.nc"):
    complain(f"--fresh: status {job.returncode} {job.stderr} {left_behind('out.nc')}, before {unfinished}")

# Two at once on one directory.
first = start(0, ["run", *words, "--run-dir", "shared.rankine", script, "input.nc", *target])
for _ in range(1000):
    if os.path.exists("shared.rankine/lock"):
        break
    time.sleep(0.01)
refused("two at once", f"in use by process {first.pid}", ["run", *words, "--run-dir", "shared.rankine", script, "input.nc", *target])
if os.path.exists("shared.rankine/outcome.json") and '"exit_code": 2' in open("shared.rankine/outcome.json").read():
    complain("a run that was refused leaves its outcome in the directory of the one that lives")
out, err, status = finish(first)
if status != 0:
    complain(f"the first of two: status {status}\n{err}")

if failures:
    sys.exit(f"{failures} failures; repeat with: {' '.join(sys.argv[:6])!r} {runs} {seed}")
print(f"{runs} of {runs} ended bitwise equal, {interrupted} interruptions (seed {seed})")
