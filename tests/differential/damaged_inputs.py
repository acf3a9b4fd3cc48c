"""damaged_inputs.py --rankine RANKINE [--only WORD]

Files of every format, damaged in every way: cut, flipped in each kind of structure, with lying sizes, bombs for chunks, links in
a circle, forbidden, replaced by folders, changed while a run reads them. Each run ends soon and in little memory, with one clear
error that names the file, the variable and the chunk; what the same script makes of a sound file is written all the same, and an
earlier output stays as it was. Where a run ends well, the library of the format reads the same values from the damaged file.
"""
import argparse
import concurrent.futures
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import netCDF4
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import damaged_bases  # noqa: E402
import damages  # noqa: E402

SCRIPT = """import os
import sys
import time

import xarray as xr

damaged, sound, outputs, flag = sys.argv[1:5]
a = xr.open_zarr(damaged, decode_cf=False) if ".zarr" in damaged else xr.open_dataset(damaged, decode_cf=False)
print("opened")
while flag != "" and not os.path.exists(flag):
    time.sleep(0.005)
b = xr.open_dataset(sound)
(a.v * 2).to_dataset(name="v").to_netcdf(outputs + "/damaged.nc")
(b.v * 2).to_dataset(name="v").to_netcdf(outputs + "/sound.nc")
"""
EARLIER = b"an earlier output"
MOST_SECONDS = 30
# A rank that reads nothing has 20 MiB; each of its two threads may hold the buffers of a chunk.
MOST_MEMORY_KIB = 160 << 10


class Run:
    """One run of the script; `pause` waits between opening and reading until it was called."""

    def __init__(self, options, case, path, between=None, user=()):
        self.outputs = case + "/outputs"
        os.makedirs(self.outputs)
        os.chmod(self.outputs, 0o777)
        with open(self.outputs + "/damaged.nc", "wb") as file:
            file.write(EARLIER)
        flag = case + "/go" if between else ""
        command = ["sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh", options.rankine, "run", "--keep-going", "--quiet", "--threads", "2",
                   options.script, path, options.sound, self.outputs, flag]
        begin = time.monotonic()
        with open(case + "/stderr", "wb") as stderr:
            process = subprocess.Popen([*user, *command], stdout=subprocess.PIPE, stderr=stderr, text=True)
        timer = threading.Timer(MOST_SECONDS, process.kill)
        timer.start()
        if between:
            if process.stdout.readline() == "opened\n":
                between()
            with open(flag, "w"):
                pass
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        timer.cancel()
        self.status, self.seconds, self.memory_kib = process.returncode, time.monotonic() - begin, usage.ru_maxrss
        with open(case + "/stderr", errors="replace") as file:
            self.stderr = file.read()


def written(path):
    with netCDF4.Dataset(path) as file:
        file["v"].set_auto_mask(False)
        return np.asarray(file["v"][...])


def faults_of(run, options, path, base, damage):
    """What is wrong with how a run ended, in words."""
    chunk_only, under_way, expect = damage.chunk_only, damage.under_way, damage.expect
    if run.status < 0 or run.status not in (0, 2, 3, 4, 6):  # 4: names that a damaged file gives, but no output may have
        why = "did not end in time" if run.seconds >= MOST_SECONDS else f"ended with status {run.status}"
        yield f"{why}: {run.stderr}"
        return
    if run.memory_kib > MOST_MEMORY_KIB:
        yield f"took {run.memory_kib >> 10} MiB"
    left = [name for name in os.listdir(run.outputs) if name not in ("damaged.nc", "sound.nc")]
    if left:
        yield f"left {left}"
    with open(run.outputs + "/damaged.nc", "rb") as file:
        head = file.read(len(EARLIER))
    if (head == EARLIER) != (run.status != 0):
        yield "lost the earlier output" if run.status != 0 else "wrote nothing"
    if run.status in (0, 6) and not np.array_equal(written(run.outputs + "/sound.nc"), options.sound_values * 2):
        yield "wrote other values of the sound file"
    if run.status == 0:
        if expect != "any":
            yield f"saw no damage, where {expect} was expected"
        elif not base.reads_the_same(path, written(run.outputs + "/damaged.nc")):
            yield "ended well with values that the library does not read"
        return
    if run.status == 6:
        lines = [line for line in run.stderr.splitlines() if line.startswith("warning: cannot read")]
        named = re.compile(r"warning: cannot read (chunk \([0-9, ]*\) of |the chunk index of |\[[0-9:, ]*\] of |)/?v in " + re.escape(path))
        if not lines or not all(named.match(line) for line in lines):
            yield f"names not variable, chunk and file: {run.stderr}"
        elif base.has_chunks and not under_way and not all(re.match(r"warning: cannot read (chunk \(|the chunk index of )", line) for line in lines):
            yield f"names no chunk: {run.stderr}"
    else:
        lines = [line for line in run.stderr.splitlines() if line.startswith("rankine: ")]
        if len(lines) != 1:
            yield f"says {len(lines)} errors: {run.stderr}"
        elif run.status == 3 and path not in run.stderr:
            yield f"does not name the file: {run.stderr}"
    if chunk_only and run.status != 6:
        yield f"ended with {run.status} for a chunk's sake: {run.stderr}"
    if expect not in ("any", "an error") and not re.search(expect, run.stderr):
        yield f"does not say '{expect}': {run.stderr}"


CASES = []


def check(number):
    options, base, damage = CASES[number]
    case = f"{options.work}/{number}"
    os.makedirs(case)
    os.chmod(case, 0o777)
    path = f"{case}/{base.file_name}"
    base.copy_to(path)
    user = options.nobody if damage.needs_user else ()
    between = (lambda: damage.apply(path)) if damage.under_way else None
    try:
        if not between:
            damage.apply(path)
        run = Run(options, case, path, between, user)
        faults = list(faults_of(run, options, path, base, damage))
    except Exception:  # pylint: disable=broad-except  # of the test itself: told beside the others
        faults = [traceback.format_exc()]
        run = None
    subprocess.run(["chmod", "-R", "u+rwX", case], check=False, capture_output=True)
    shutil.rmtree(case, ignore_errors=not faults)
    return [f"{base.name}: {damage.label}: {fault}" for fault in faults], run.status if run else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rankine", required=True)
    parser.add_argument("--only", default="", help="only what has this in its name")
    options = parser.parse_args()
    # Of its own, so that a user without rights can reach it; big files are not made.
    options.work = tempfile.mkdtemp(prefix="rankine-damaged-")
    os.chmod(options.work, 0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        problems, statuses = run_all(options)
    finally:
        subprocess.run(["chmod", "-R", "u+rwX", options.work], check=False, capture_output=True)
        shutil.rmtree(options.work, ignore_errors=True)
    print(f"{sum(statuses.values())} damaged files: " + ", ".join(f"{count} ended with {status}" for status, count in sorted(statuses.items(), key=str)))
    sys.exit("\n".join(problems) or None)


def run_all(options):
    options.script = options.work + "/script.py"
    with open(options.script, "w") as file:
        file.write(SCRIPT)
    options.sound = options.work + "/sound.nc"
    options.sound_values = damaged_bases.make_sound(options.sound)
    copy = options.work + "/rankine"
    shutil.copy2(options.rankine, copy)
    options.rankine = copy
    options.nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    bases = damaged_bases.make_all(options.work + "/bases")
    # Processes, for libhdf5 prints its errors in threads; forked, for what damages are done by cannot be pickled.
    CASES[:] = [(options, base, damage) for base in bases for damage in damages.damages_of(base) if options.only in f"{base.name}: {damage.label}"]
    problems, statuses = [], {}
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
        for faults, status in pool.map(check, range(len(CASES))):
            problems += faults
            statuses[status] = statuses.get(status, 0) + 1
    return problems, statuses


if __name__ == "__main__":
    main()
