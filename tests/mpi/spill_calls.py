"""Results of custom graphs that memory has no room for, over real MPI ranks: every case prints what a job with plenty of memory prints.

    spill_calls.py RANKINE MPIRUN FLAGS CALL_CLIENT FOLDER CASE

All results are held by futures until the last of them has been used again, after a sum over all.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

RANKINE, MPIRUN, FLAGS, CLIENT, FOLDER, CASE = sys.argv[1:7]
RANKS, LIMIT_MIB = 3, 64
COUNT = 480 if CASE in ("script", "client") else 100   # results of 4 MiB each
WORDS = ["--threads", "1", "--progress", "off", "-v"]

shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER + "/scratch")
os.chdir(FOLDER)
with open("fields.py", "w") as script:
    script.write(f"""import numpy as np
from dask.distributed import Client
client = Client()

def field(seed, count):
    return (np.arange(count, dtype="float64") * seed) % 1001.0

def total(x):
    return float(x.sum())

def difference(x, mean):
    y = x - mean
    return float((y * y).sum())

count = 524288
fields = client.map(field, list(range(1, {COUNT + 1})), [count] * {COUNT})
mean = sum(client.gather([client.submit(total, f) for f in fields])) / ({COUNT} * count)
print(mean)
print(sum(client.gather([client.submit(difference, f, mean) for f in fields])))
print(fields[{COUNT // 2}].result()[-1])
""")


def fail(text):
    print("FAILED " + CASE + ": " + text)
    sys.exit(1)


def start(options, ranks):
    environment = {**os.environ, "OMPI_MCA_orte_allowed_exit_without_sync": "1", "RANKINE_MARK": FOLDER}
    if CASE == "client":
        environment["RANKINE_OPTIONS"] = " ".join(WORDS + options)
        command = [CLIENT, "field", str(COUNT), "4"]
    else:
        command = [RANKINE, "run", *WORDS, *options, "fields.py"]
    launcher = [MPIRUN, "-n", str(ranks), *FLAGS.split()] if ranks else []
    return subprocess.Popen([*launcher, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def end(process):
    out, err = process.communicate(timeout=500)
    if process.returncode != 0:
        fail(f"status {process.returncode}:\n{out}{err}")
    return out, err


def own_folders():
    return [name for name in os.listdir("scratch") if name.startswith("rankine-spill.")]


def files_of(folder):
    try:
        return [f"scratch/{folder}/{name}" for name in os.listdir("scratch/" + folder) if name.isdigit()]
    except FileNotFoundError:
        return []


def pid_of_rank(rank):
    """The process that is this rank, not its supervisor."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/comm") as file:
                name = file.read().strip()
        except OSError:
            continue
        if f"RANKINE_MARK={FOLDER}".encode() in words and f"OMPI_COMM_WORLD_RANK={rank}".encode() in words and name == "rankine":
            return int(pid)
    return None


expected, _ = end(start(["--memory-limit", "64GiB", "--spill-dir", "none"], 0))
short = start(["--memory-limit", f"{LIMIT_MIB}MiB", "--spill-dir", "scratch"], RANKS)
if CASE == "damaged":
    damaged = set()
    while short.poll() is None and len(damaged) < 6:
        for path in [path for folder in own_folders() for path in files_of(folder)]:
            try:
                # Whole files only: what is being written grows.
                if path in damaged or os.path.getsize(path) < 4 << 20:
                    continue
                with open(path, "r+b") as file:
                    file.seek(1 << 20)
                    byte = file.read(1)
                    file.seek(1 << 20)
                    file.write(bytes([byte[0] ^ 0x40]))
                damaged.add(path)
            except FileNotFoundError:
                pass
        time.sleep(0.02)
elif CASE == "killed":
    victim = None
    while short.poll() is None and victim is None:
        if any(".rank1." in folder and len(files_of(folder)) > 4 for folder in own_folders()):
            victim = pid_of_rank(1)
            if victim is not None:
                os.kill(victim, signal.SIGKILL)
        time.sleep(0.02)
    if victim is None:
        fail("rank 1 never spilled anything")
out, err = end(short)
if out != expected:
    fail(f"printed {out!r}, not {expected!r}\n{err}")
spilled = re.search(r"spilled ([\d.]+) ([MG])iB, read back ([\d.]+) [MG]iB", err)
if not spilled:
    fail("nothing was spilled:\n" + err)
unit = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
rows = re.findall(r"^ +\d+ +\S+ +\d+ +\d+ +\S+(?: %)? +[\d.]+ [KMG]?i?B +([\d.]+) (KiB|MiB|GiB)$", err, re.M)
peaks = [float(number) * unit[name] for number, name in rows]
if CASE in ("script", "client"):
    # Ten times more is held than all limits together, rank 0's included, and every rank stays under its own.
    mib = float(spilled.group(1)) * {"M": 1, "G": 1024}[spilled.group(2)]
    if mib < COUNT * 4 - RANKS * LIMIT_MIB:
        fail("less was spilled than cannot have been in memory:\n" + err)
    if len(peaks) != RANKS - 1 or max(peaks) > LIMIT_MIB:
        fail(f"peak resident sets of {peaks} MiB under a limit of {LIMIT_MIB} MiB\n{err}")
if CASE == "damaged" and "the result of a task is computed again" not in err:
    fail("no damage was noticed:\n" + err)
if CASE == "killed" and "lost rank 1" not in err:
    fail("rank 1 was not lost:\n" + err)
left = [name for name in own_folders() if CASE != "killed" or ".rank1." not in name]
if left:
    fail(f"these are left: {left}")
print("peak resident sets", peaks, "MiB,", spilled.group(0))
