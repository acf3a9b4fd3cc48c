"""Strikes real MPI jobs at random moments and goes on with what ended early. Every run must end well, give bitwise what an undisturbed run
gives, and leave nothing behind: no process, no unfinished output, no run directory.

    chaos.py --build DIR [--runs N] [--seed S] [--first I] [--only PIPELINE,...] [--keep DIR]

A run is one of pipelines/*.py on 3 to 6 ranks. What may be struck, killed or stopped: workers, rank 0, a supervisor, a rank and its supervisor, the
launcher, everything at once (as when the power fails), or the job is warned. A job that ends early is gone on with on another number of ranks, by `rankine resume` or by the same command
once more, and may be struck again, twice at most. Run I of seed S is always the same pipeline, ranks, victims, signals and moments, the latter as parts
of the time between an undisturbed job's forming and its end, measured first; a run that ended before anything struck is repeated with earlier
moments. A failure prints the command that repeats it. The last line is "N of N ended bitwise equal".
"""
import argparse
import glob
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import netCDF4

HERE = os.path.dirname(os.path.abspath(__file__))
RANKS = [3, 4, 5, 6]
LONGEST_JOB_S = 240
OPTIONS = ["--progress", "off", "--log-file", "log", "--heartbeat-interval", "300ms", "--heartbeat-timeout", "3s", "--max-worker-kills", "100",
           "--checkpoint-every", "200ms"]
RESUMABLE = 75
RESOURCES = 5


def digest(folder, printed):
    """Of values, dims and attributes of every output, and of what was printed."""
    sums = [printed]
    for path in sorted(glob.glob(os.path.join(folder, "**", "*"), recursive=True)):
        if path.endswith(".nc") and os.path.isfile(path):
            sums.append(digest_of_netcdf(path))
        elif ".zarr" in path and os.path.isfile(path):
            with open(path, "rb") as file:
                sums.append(os.path.relpath(path, folder) + hashlib.sha256(file.read()).hexdigest())
    for path in glob.glob(os.path.join(folder, "*.zarr", "**", ".z*"), recursive=True):
        sums.append(os.path.relpath(path, folder) + hashlib.sha256(open(path, "rb").read()).hexdigest())
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()


def digest_of_netcdf(path):
    """HDF5 files of equal contents differ in where their chunks lie."""
    text = hashlib.sha256(os.path.basename(path).encode())
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        text.update(repr([(name, len(dim), dim.isunlimited()) for name, dim in file.dimensions.items()]).encode())
        text.update(repr([(name, str(file.getncattr(name))) for name in file.ncattrs()]).encode())
        for name, variable in file.variables.items():
            text.update(repr((name, variable.dimensions, str(variable.dtype), variable.filters(), variable.chunking())).encode())
            text.update(repr([(key, str(variable.getncattr(key))) for key in variable.ncattrs()]).encode())
            text.update(variable[...].tobytes())
    return text.hexdigest()


class Job:
    """mpirun with a tag in its environment, by which every process of it is found."""

    def __init__(self, place, command, ranks):
        self.place, self.tag = place, f"{os.getpid()}-{time.monotonic_ns()}"
        environment = dict(os.environ, RANKINE_CHAOS=self.tag)
        self.log = os.path.join(place, "log")
        open(self.log, "w").close()
        self.out, self.err = os.path.join(place, "printed"), os.path.join(place, "message")
        launcher = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", "--quiet"]
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen([*launcher, *command], cwd=place, env=environment, stdout=out,
                                            stderr=err, start_new_session=True)
        limit = time.monotonic() + 60
        while not os.path.getsize(self.log) and self.process.poll() is None and time.monotonic() < limit:
            time.sleep(0.01)   # rank 0 says something as soon as it has the script
        self.began = time.monotonic()

    def processes(self, name, rank=None):
        """Pids of "rankine" or "rankine-watch", of one rank or all, or of "mpirun"."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/comm") as file:
                    if file.read().strip() != name:
                        continue
                with open(f"/proc/{entry}/environ", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if f"RANKINE_CHAOS={self.tag}".encode() not in words:
                continue
            if rank is None or f"OMPI_COMM_WORLD_RANK={rank}".encode() in words:
                found.append(int(entry))
        return found

    def left(self):
        return [pid for name in ("rankine", "rankine-watch", "mpirun", "orted") for pid in self.processes(name)]

    def wait(self):
        try:
            return self.process.wait(LONGEST_JOB_S)
        except subprocess.TimeoutExpired:
            return None

    def kill_all(self):
        for _ in range(100):
            pids = self.left()
            for pid in pids:
                send(pid, signal.SIGKILL)
            if not pids:
                break
            time.sleep(0.02)
        self.process.poll()


def send(pid, number):
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def draw_strike(dice, ranks):
    """(part of the job's time, what, signal)"""
    moment = dice.uniform(0.0, 0.85)
    crash = [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV]
    what = dice.choice(["workers", "workers", "workers", "rank 0", "supervisor", "both", "launcher", "everything", "warning"])
    if what == "workers":
        count = 1 if dice.random() < 0.7 else dice.randint(1, ranks - 2)   # one is left
        return [(min(moment + dice.uniform(0, 0.1) * i, 0.9), f"rank {1 + dice.randrange(ranks - 1)}", dice.choice(crash)) for i in range(count)]
    if what == "rank 0":
        return [(moment, what, dice.choice(crash))]
    if what == "supervisor":
        return [(moment, f"supervisor {dice.randrange(ranks)}", dice.choice([signal.SIGKILL, signal.SIGSTOP]))]
    if what == "both":  # a rank and its supervisor
        return [(moment, f"both {dice.randrange(ranks)}", signal.SIGSTOP)]
    if what == "launcher":
        return [(moment, what, dice.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]))]
    return [(moment, what, dice.choice([signal.SIGUSR1, signal.SIGUSR2]) if what == "warning" else signal.SIGKILL)]


def strike(job, strikes, whole_s):
    """What was struck, in words."""
    struck = []
    for moment, what, number in strikes:
        time.sleep(max(0.0, job.began + moment * whole_s - time.monotonic()))
        word, _, rank = what.partition(" ")
        hit = False
        if what == "everything":
            hit = bool(job.processes("rankine"))
            job.kill_all()
        elif what in ("launcher", "warning"):
            hit = bool(job.processes("rankine")) and any([send(pid, number) for pid in job.processes("mpirun")])
        else:
            names = {"rank": ["rankine"], "supervisor": ["rankine-watch"], "both": ["rankine-watch", "rankine"]}[word]
            hit = any([send(pid, number) for name in names for pid in job.processes(name, int(rank))])
        if hit:
            struck.append(f"{what} {signal.Signals(number).name} at {1000 * (time.monotonic() - job.began):.0f} ms")
    return struck


class Storm:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.rankine = os.path.join(os.path.abspath(options.build), "bin", "rankine")
        self.expected, self.whole_s = {}, {}
        maker = os.path.join(os.path.abspath(options.build), "bin", "make_era5_like")
        subprocess.run([maker, "input.nc", "300", "25", "91", "120"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        os.mkdir(os.path.join(work, "parts"))
        os.mkdir(os.path.join(work, "stores"))
        subprocess.run([self.rankine, "run", "--quiet", os.path.join(HERE, "prepare.py")], cwd=work, check=True)

    def script(self, name):
        return os.path.join(HERE, "pipelines", name + ".py")

    def fresh_out(self):
        out = os.path.join(self.work, "out")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(os.path.join(self.work, "stores"), out)
        for path in glob.glob(os.path.join(self.work, "*.rankine")) + [os.path.join(self.work, "kept")]:
            shutil.rmtree(path, ignore_errors=True)

    def learn(self, name, ranks, threads):
        """What an undisturbed run gives, and how long one of so many ranks takes once it has formed."""
        if name not in self.expected:
            self.fresh_out()
            done = subprocess.run([self.rankine, "run", "--quiet", "--threads", "2", self.script(name)], cwd=self.work, stdout=subprocess.PIPE,
                                  text=True)
            if done.returncode != 0:
                sys.exit(f"the undisturbed {name}.py fails")
            self.expected[name] = digest(os.path.join(self.work, "out"), done.stdout)
        key = name, ranks, threads
        if key not in self.whole_s:
            self.fresh_out()
            job = Job(self.work, [self.rankine, "run", *OPTIONS, "--threads", str(threads), self.script(name)], ranks)
            if job.wait() != 0:
                sys.exit(f"the undisturbed {name}.py fails on {ranks} ranks: {open(job.err).read()}")
            self.whole_s[key] = time.monotonic() - job.began
        return self.whole_s[key]

    def run(self, number):
        dice = random.Random(f"{self.options.seed}-{number}")
        names = self.options.only.split(",") if self.options.only else sorted(
            os.path.basename(path)[:-3] for path in glob.glob(self.script("*")))
        name, ranks, threads = dice.choice(names), dice.choice(RANKS), dice.choice([1, 2])
        # Where an output grows, "it was done" must be known: only a named run directory keeps the outcome.
        is_named = name == "append" or dice.random() < 0.5
        legs = [(draw_strike(dice, ranks), ranks, "run")]
        for _ in range(3):
            other = dice.choice([count for count in RANKS if count != legs[-1][1]])
            again = draw_strike(dice, other) if dice.random() < 0.35 and len(legs) < 3 else []
            legs.append((again, other, dice.choice(["run", "resume"])))
        whole_s = self.learn(name, ranks, threads)
        for repetition in range(7):
            self.fresh_out()
            told, wrong = self.play(name, threads, legs, whole_s / 2 ** repetition, is_named)
            if told.count("struck") or wrong:
                break
        else:
            wrong = "nothing struck"
        print(f"run {number}: {name}.py x {threads} threads; {told}: {wrong or 'equal'}", flush=True)
        if wrong:
            print(f"    repeat with: {sys.executable} {sys.argv[0]} --build {self.options.build} --runs 1 --seed {self.options.seed} --first {number}")
            if self.options.keep:
                shutil.copytree(self.work, os.path.join(self.options.keep, str(number)), dirs_exist_ok=True, ignore=shutil.ignore_patterns("input.nc"))
        return not wrong

    def directory(self, is_named):
        if is_named:
            return os.path.join(self.work, "kept")
        found = [path for path in glob.glob(os.path.join(self.work, "out", "*.rankine")) + glob.glob(os.path.join(self.work, "*.rankine"))
                 if os.path.exists(os.path.join(path, "journal"))]
        return found[0] if found else ""

    def play(self, name, threads, legs, whole_s, is_named):
        told = []
        for strikes, ranks, how in legs:
            directory = self.directory(is_named)
            can_resume = how == "resume" and os.path.exists(os.path.join(directory, "journal"))
            place = ["--run-dir", directory] if is_named and not can_resume else []
            command = [self.rankine, *(["resume"] if can_resume else ["run"]), *OPTIONS, "--threads", str(threads), *place,
                       directory if can_resume else self.script(name)]
            job = Job(self.work, command, ranks)
            struck = strike(job, strikes, whole_s)
            status = job.wait()
            told.append(f"{'resume' if can_resume else 'run'} on {ranks} ranks" + "".join(", struck: " + text for text in struck))
            if status is None:
                job.kill_all()
                return "; ".join(told), f"it did not end within {LONGEST_JOB_S} s"
            limit = time.monotonic() + 10
            while job.left() and time.monotonic() < limit:
                time.sleep(0.05)
            if job.left():
                words = ", ".join(open(f"/proc/{pid}/comm").read().strip() for pid in job.left())
                job.kill_all()
                return "; ".join(told), f"processes are left: {words}"
            if status != 0 and not struck:
                return "; ".join(told), f"status {status} without a strike: {open(job.err).read()}"
            if status != 0 and all(text.startswith("rank ") and not text.startswith("rank 0") for text in struck):
                return "; ".join(told), f"status {status} though a worker is left: {open(job.err).read()}"
            # The launcher's status is its own where it was struck, or a rank died that it watches.
            launched = status
            if is_named and status != 0:
                status = subprocess.run([self.rankine, "status", directory], capture_output=True).returncode
            # All was done, but rank 0 was ended before it could tidy up: the same command once more finds so.
            if status == 0 and launched != 0 and os.path.exists(os.path.join(directory, "journal")):
                told[-1] += ", done"
                continue
            if status == 0:
                return "; ".join(told), self.faults(name, job, is_named)
            told[-1] += f", status {status}"
            # Struck twice before more was done, as by want of memory: it can be gone on with by hand all the same.
            if status == RESOURCES and struck and len(told) > 1:
                continue
            if status not in (RESUMABLE, 3) and "SEGV" not in told[-1] and is_named:
                return "; ".join(told), f"status {status} of the run directory: {open(job.err).read()}"
        return "; ".join(told), "it never ended well"

    def faults(self, name, job, is_named):
        out = os.path.join(self.work, "out")
        wrong = []
        if digest(out, open(job.out).read()) != self.expected[name]:
            wrong.append("another result")
        left = [path for path in glob.glob(os.path.join(out, "**", ".*.rankine-*"), recursive=True) + glob.glob(os.path.join(self.work, "**", "*.part"), recursive=True)]
        if left:
            wrong.append("unfinished outputs are left: " + ", ".join(os.path.relpath(path, self.work) for path in left))
        directories = glob.glob(os.path.join(out, "*.rankine")) + glob.glob(os.path.join(self.work, "*.rankine"))
        if is_named:
            directories += [path for path in glob.glob(os.path.join(self.work, "kept", "*")) if os.path.basename(path) != "outcome.json"]
        if directories:
            wrong.append("left: " + ", ".join(os.path.relpath(path, self.work) for path in directories))
        return "; ".join(wrong)


def main():
    parser = argparse.ArgumentParser(description="strike jobs at random and compare what they give")
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", default="", help="pipelines, separated by commas")
    parser.add_argument("--keep", default="", help="where the folders of failed runs are kept")
    options = parser.parse_args()
    os.environ.update(OMPI_MCA_orte_allowed_exit_without_sync="1", OMPI_MCA_mpi_yield_when_idle="1", SOURCE_DATE_EPOCH="1700000000",
                      OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory(prefix="rankine-chaos-") as work:
        storm = Storm(options, work)
        good = sum([storm.run(number) for number in range(options.first, options.first + options.runs)])
    print(f"{good} of {options.runs} ended bitwise equal")
    return 0 if good == options.runs else 1


if __name__ == "__main__":
    sys.exit(main())
