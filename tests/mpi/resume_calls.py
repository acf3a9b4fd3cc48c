"""Custom graphs that are ended at random moments, in one way or another, and gone on with on another number of ranks: they print
what an undisturbed run prints, and calls whose results were kept do not run again.

    resume_calls.py RANKINE MPIRUN "MPIRUN_FLAGS" CALL_CLIENT WORK KIND [RUNS [SEED]]

KIND: script (delayed, futures, as_completed) or client (C++).
"""
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

rankine, mpirun, flags, client, work, kind = sys.argv[1:7]
runs = int(sys.argv[7]) if len(sys.argv) > 7 else 4
seed = int(sys.argv[8]) if len(sys.argv) > 8 else random.SystemRandom().randrange(10**6)
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
marker = f"log_{os.getpid()}"   # tells these processes from all others
words = ["--log-file", marker, "-v", "--progress", "off", "--threads", "1", "--drain", "20s"]
failures = 0

SCRIPT = """import dask
from dask.distributed import Client, as_completed

client = Client()

def step(x, n):
    total = x
    for i in range(n):
        total = (total * 1103515245 + 12345) % 2147483648
    return total

def add(a, b):
    return (a + b) % 2147483648

delayed_step = dask.delayed(step)
delayed_add = dask.delayed(add)
values = [delayed_step(i, 60000) for i in range(32)]
while len(values) > 1:
    values = [delayed_add(values[2 * i], values[2 * i + 1]) for i in range(len(values) // 2)]
print(values[0].compute())
# What follows each is submitted in the order in which they end.
total = 0
followers = []
for future in as_completed(client.map(step, list(range(100, 124)), [60000] * 24)):
    followers.append(client.submit(add, future, 1))
print(sum(client.gather(followers)))
# One after the other, dropped at once.
for i in range(6):
    total = client.submit(step, total + i, 60000).result()
print(total)
"""


def complain(text):
    global failures
    failures += 1
    print(f"{kind}, seed {seed}: {text}", file=sys.stderr)


def start(ranks, checkpoint_ms, resume=None):
    launcher = [mpirun, "-n", str(ranks), *flags.split()] if ranks else []
    options = [*words, "--checkpoint-every", f"{checkpoint_ms}ms"]
    environment = dict(os.environ, OMPI_MCA_orte_allowed_exit_without_sync="1")
    if kind == "client":
        environment["RANKINE_OPTIONS"] = " ".join(options)
        command = [client, "tree"]
    elif resume:
        command = [rankine, "resume", *options, resume]
    else:
        command = [rankine, "run", *options, "script.py"]
    return subprocess.Popen([*launcher, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**environment, "RANKINE_RUN": marker})


def ours():
    """Every process of these jobs."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                is_ours = f"RANKINE_RUN={marker}".encode() in file.read().split(b"\0")
            with open(f"/proc/{pid}/stat") as file:
                is_zombie = file.read().rpartition(")")[2].split()[0] == "Z"
            if is_ours and not is_zombie:
                found.append(int(pid))
        except OSError:
            pass
    return found


def kill_all():
    while pids := ours():
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.01)


def finish(job):
    try:
        return (*job.communicate(timeout=120), job.returncode)
    except subprocess.TimeoutExpired:
        kill_all()
        return (*job.communicate(), "hung")


def directories():
    return [name for name in os.listdir(".") if name.endswith(".rankine")]


def kept_results(directory):
    """How many results the run directory has, as status tells."""
    said = subprocess.run([rankine, "status", directory], capture_output=True, text=True)
    found = re.search(r"results of tasks that are kept: (\d+), ", said.stdout)
    return int(found.group(1)) if found else 0


def tasks_of(err):
    found = re.search(r"^  tasks +(\d+)$", err, re.M)
    return int(found.group(1)) if found else None


with open("script.py", "w") as file:
    file.write(SCRIPT)
begin = time.monotonic()
expected, err, status = finish(start(0, 60000))
seconds = time.monotonic() - begin
all_tasks = tasks_of(err)
if status != 0 or not all_tasks or directories():
    sys.exit(f"the undisturbed run failed: {status} {err} {directories()}")

dice = random.Random(seed)
interrupted, spared = 0, 0
for number in range(runs):
    for name in directories():
        shutil.rmtree(name)
    ranks = dice.choice([0, 2, 3])
    story = f"run {number} on {ranks} ranks"
    job = start(ranks, dice.choice([20, 100]))
    for attempt in range(3):
        death = dice.choice(["KILL", "USR1"])
        time.sleep(dice.uniform(0.2, 0.9) * seconds + (0.3 if ranks else 0))
        if death == "KILL":
            kill_all()
        elif job.poll() is None:
            os.kill(job.pid, signal.SIGUSR1)   # the launcher hands it on
        out, err, status = finish(job)
        if status == 0:
            break
        interrupted += 1
        if death == "USR1" and status != 75:
            complain(f"{story}: status {status} instead of 75 after SIGUSR1\n{err}")
        left = directories()
        kept = kept_results(left[0]) if left else 0
        if death == "USR1" and "the results of" in err and kept == 0:
            complain(f"{story}: nothing was kept\n{err}")
        ranks = dice.choice([0, 2, 4])
        story += f", {death} with {kept} results kept, resumed on {ranks}"
        job = start(ranks, dice.choice([20, 100]), resume=left[0] if kept and dice.random() < 0.5 else None)
        if attempt == 2 or dice.random() < 0.5:  # this one may end
            out, err, status = finish(job)
            if status == 0:
                ran = tasks_of(err)
                # Calls of calls are counted as tasks although they are only loaded.
                most = all_tasks - (kept if kind == "script" else 0)
                if ran is None or ran > most:
                    complain(f"{story}: {ran} tasks of {all_tasks} ran\n{err}")
                spared += all_tasks - ran
            break
    if status != 0:
        complain(f"{story}: status {status}\n{err}")
    elif out != expected:
        complain(f"{story}: printed {out!r}, not {expected!r}")
    elif directories():
        complain(f"{story}: these are left: {directories()}")
for _ in range(100):
    if not ours():
        break
    time.sleep(0.1)
else:
    complain(f"processes are left: {ours()}")

def interrupted_run():
    """Killed once results are kept: how many."""
    for _ in range(5):
        for name in directories():
            shutil.rmtree(name)
        job = start(0, 20)
        kept = 0
        while job.poll() is None and not kept:
            time.sleep(0.02)
            kept = sum(map(kept_results, directories()))
        kill_all()
        finish(job)
        if directories() and kept:
            return kept_results(directories()[0])
    sys.exit("no run could be interrupted")


kept = interrupted_run()
out, err, status = finish(start(2, 60000))
if status != 0 or out != expected or tasks_of(err) > all_tasks - (kept if kind == "script" else 1) or directories():
    complain(f"gone on with {kept} results kept: status {status}, {tasks_of(err)} of {all_tasks} tasks ran, {directories()}\n{err}")

# ---- what is refused, and what gets into nobody's way
interrupted_run()
if kind == "script":
    with open("script.py", "w") as file:
        file.write(SCRIPT.replace("(a + b)", "(a - b)"))
    out, err, status = finish(start(0, 100))
    if status != 2 or "the script has changed: line 13 was '    return (a + b)" not in err:
        complain(f"changed script: status {status}, {err!r}")
    with open("script.py", "w") as file:
        file.write(SCRIPT)
    # The first of two has the directory, however slow it is.
    first = start(0, 20)
    owner = ""
    while first.poll() is None and str(first.pid) not in owner:
        time.sleep(0.01)
        if os.path.exists("script.py.rankine/lock"):
            with open("script.py.rankine/lock") as file:
                owner = file.read()
    first.send_signal(signal.SIGSTOP)
    out, err, status = finish(start(0, 20))
    first.send_signal(signal.SIGCONT)
    if status != 0 or out != expected or "results of tasks are not kept" not in err:
        complain(f"the second of two: status {status}, {err!r}")
    out, err, status = finish(first)
    if status != 0 or out != expected:
        complain(f"the first of two: status {status}, {err!r}")
else:
    with open(client, "rb") as program, open("changed", "wb") as other:
        other.write(program.read() + b"\0")
    os.chmod("changed", 0o700)
    directory, = directories()
    job = subprocess.run([os.path.abspath("changed"), "tree"], capture_output=True, text=True,
                         env={**os.environ, "RANKINE_OPTIONS": "--run-dir " + directory})
    if job.returncode != 2 or "the program has changed" not in job.stderr:
        complain(f"changed program: status {job.returncode}, {job.stderr!r}")

if failures:
    sys.exit(f"{failures} failures; repeat with: {' '.join(map(repr, sys.argv[:7]))} {runs} {seed}")
print(f"{runs} of {runs} printed the same, {interrupted} interruptions, {spared} tasks spared (seed {seed})")
