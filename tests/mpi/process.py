#!/usr/bin/python3
"""A job as one process among others: what it says first, what it hears, what it refuses to be.

    process.py RANKINE MPIRUN "MPIRUN_FLAGS" WORK CASE
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

rankine, mpirun, flags, work, case = sys.argv[1:]
rankine = os.path.abspath(rankine)
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
# Neither the machine's batch system nor a user's defaults have a word in it.
environment = {name: value for name, value in os.environ.items()
               if not name.startswith(("SLURM_", "PMI", "RANKINE_", "PBS_", "LSB_")) and name != "JOB_ID"}
environment["OMPI_MCA_orte_allowed_exit_without_sync"] = "1"

MAKE = """import xarray as xr
import numpy as np
v = xr.DataArray(np.arange(5000.0).reshape(50, 100), dims=["t", "x"])
xr.Dataset({name: v + i for i, name in enumerate("abcdefgh")}).to_netcdf("in.nc")
"""
SCRIPT = """import xarray as xr
(xr.open_dataset("in.nc") + 1).to_netcdf("out.nc")
"""
for name, text in (("make.py", MAKE), ("script.py", SCRIPT)):
    with open(name, "w") as file:
        file.write(text)


def command(words, ranks=0):
    return ([mpirun, "-n", str(ranks), *flags.split()] if ranks else []) + [rankine, *words]


def run(*words, ranks=0, variables={}):
    done = subprocess.run(command(words, ranks), env={**environment, **variables}, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def check(is_right, *what):
    if not is_right:
        sys.exit(f"{case}: " + "\n".join(str(one) for one in what))


def clean():
    for name in os.listdir("."):
        if name not in ("script.py", "in.nc"):
            (shutil.rmtree if os.path.isdir(name) else os.remove)(name)


code, out, err = run("run", "-q", "make.py")
check(code == 0, err)
os.remove("make.py")


def status_of_folders():
    """75 where there is a run to go on with, and nowhere else: a job script with a wrong RUN_DIR must not go on for ever."""
    os.mkdir("folder")
    open("folder/data.nc", "w").close()
    for path in (".", "folder", "/"):
        code, out, err = run("status", path)
        check((code, out) == (3, "") and err == f"rankine: {path} holds no run, or one that ended before it kept anything\n", path, code, out, err)
    os.mkdir("open")
    open("open/journal", "w").close()
    os.chmod("open", 0o777)
    code, out, err = run("status", "open")
    check(code == 2 and "may be written to by others" in err, code, err)
    code, out, err = run("status", "nowhere")
    check(code == 3 and "no run directory nowhere" in err, code, err)
    code, out, err = run("status", "script.py")
    check(code == 3, code, err)
    # A run that is killed, and one that is on.
    slow = {"RANKINE_REHEARSE": "rank=0 slow=200; rank=0 count=3"}
    code, out, err = run("run", "-q", "-t", "1", "--run-dir", "kept", "script.py", variables=slow)
    check(code == -9, code, err)
    code, out, err = run("status", "kept")
    check(code == 75 and "was killed; go on with: rankine resume kept" in out, code, out)
    with subprocess.Popen(command(["resume", "-q", "-t", "1", "kept"]), env={**environment, "RANKINE_REHEARSE": "rank=0 slow=1000"}) as job:
        for _ in range(600):
            code, out, err = run("status", "kept")
            if " is on, " in out:
                break
            time.sleep(0.1)
        check(code == 75 and re.search(r"is on, process \d+ on \S+ has it, last sign of life [\d.]+ s ago\n", out), code, out)
        job.send_signal(signal.SIGSTOP)
        code, out, err = run("status", "kept")
        job.send_signal(signal.SIGCONT)
        check(code == 75 and "last sign of life" in out, code, out)
        check(job.wait(100) == 0, "the job that goes on fails")


def end_time():
    for end in ("2020-01-01T00:00:00", "1577836800"):
        code, out, err = run("run", "--end-time", end, "script.py")
        check(code == 2 and re.match(rf"rankine: --end-time: '{end}' has passed \(20\d\d-.*, and it is 20\d\d-.* now\); give the end of this job, or none\n$", err), code, err)
    code, out, err = run("run", "--end-time", "2020-01-01T00:00:00", "script.py", ranks=2)
    check(code == 2 and err.count("rankine: ") == 1, code, err)
    # Time that is shorter than --drain is for work at first.
    code, out, err = run("run", "-q", "--end-time", "+60s", "script.py")
    check(code == 0, code, err)


def hangup():
    """The terminal goes: as after SIGTERM; under nohup nothing happens."""
    for ignored in (False, True):
        clean()
        job = subprocess.Popen(command(["run", "-q", "-t", "1", "script.py"]), stderr=subprocess.PIPE, text=True,
                               env={**environment, "RANKINE_REHEARSE": "rank=0 slow=300"},
                               preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL))
        while not os.path.exists("out.nc.rankine"):
            time.sleep(0.01)
        job.send_signal(signal.SIGHUP)
        err = job.communicate(timeout=100)[1]
        if ignored:
            check(job.returncode == 0 and sorted(os.listdir(".")) == ["in.nc", "out.nc", "script.py"], job.returncode, os.listdir("."), err)
            continue
        check(job.returncode == 75 and re.search("^rankine: ended as asked, with . of 8 tasks done; go on with: rankine resume ", err, re.M), job.returncode, err)
        code, out, err = run("resume", "-q", "out.nc.rankine")
        check(code == 0 and sorted(os.listdir(".")) == ["in.nc", "out.nc", "script.py"], code, err, os.listdir("."))


def singletons():
    """Several tasks that know nothing of each other would all write one output."""
    text = ("rankine: srun has started 4 tasks without MPI, so that each would do the whole job, all on the same outputs; type srun --mpi=pmix rankine run ... "
            "(srun --mpi=list shows what there is), or mpirun rankine run ...; --launcher none runs this process alone\n")
    step = {"SLURM_STEP_ID": "0", "SLURM_NTASKS": "4"}
    code, out, err = run("run", "-q", "script.py", variables=step)
    check((code, err) == (2, text) and not os.path.exists("out.nc"), code, err)
    said = [run("run", "-q", "script.py", variables={**step, "SLURM_PROCID": str(task)}) for task in range(4)]
    check([(code, err) for code, out, err in said] == [(2, text)] + 3 * [(2, "")], said)
    for variables in ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, {**step, "SLURM_STEP_NUM_TASKS": "1"}):
        code, out, err = run("run", "-q", "script.py", variables=variables)
        check((code, err) == (0, ""), variables, code, err)
    code, out, err = run("run", "-q", "--launcher", "none", "script.py", variables=step)
    check((code, err) == (0, ""), code, err)
    # Another MPI's launcher: it has told this process its rank, in a language that this MPI does not speak.
    clean()
    foreign = {"PMI_RANK": "0", "PMI_SIZE": "4"}
    code, out, err = run("run", "-q", "script.py", variables=foreign)
    check(code == 2 and "4 processes were started, but each is alone for its MPI (" in err and "the launcher belongs to another one. Start the job with this MPI's mpirun" in err
          and not os.path.exists("out.nc"), code, err)
    code, out, err = run("run", "-q", "--launcher", "none", "script.py", variables=foreign)
    check((code, err) == (0, ""), code, err)


def shared_options():
    """RANKINE_OPTIONS: over a file, under the command line, for run, resume and plan."""
    def threads(*words, options):
        err = run(*words, "script.py", variables={"RANKINE_OPTIONS": options})[2]
        return re.search(r"1 process x (\d+) thread", err).group(1)
    with open("site.toml", "w") as file:
        file.write("threads = 5\n")
    check(threads("run", options="--threads 3") == "3", "not heeded")
    check(threads("run", "--config", "site.toml", options="-t 3") == "3", "the file wins over the variable")
    check(threads("run", options="--config site.toml") == "5", "no file by the variable")
    check(threads("run", "--threads", "2", options="--config site.toml --threads 3") == "2", "the variable wins over the command line")
    for words in (["run", "script.py"], ["plan", "script.py"], ["resume", "nowhere"]):
        for options, text in (("--thread 3", "RANKINE_OPTIONS: unknown option --thread (did you mean --threads?)"),
                              ("--threads no", "RANKINE_OPTIONS: --threads: 'no' is not a whole number"),
                              ("script.py", "RANKINE_OPTIONS: 'script.py' is no option")):
            code, out, err = run(*words, variables={"RANKINE_OPTIONS": options})
            check(code == 2 and err.startswith("rankine: " + text), words, options, code, err)
    code, out, err = run("plan", "script.py", variables={"RANKINE_OPTIONS": "--ranks 3 --keep-going"})
    check(code == 0 and "forecast for" in out, code, out, err)
    code, out, err = run("status", "nowhere", variables={"RANKINE_OPTIONS": "--nonsense"})
    check(code == 3, "other commands have no such options", code, err)


def memory_words():
    with open("large.py", "w") as file:
        file.write(MAKE.replace("5000.0", "1000000.0").replace("(50, 100)", "(10000, 100)"))
    check(run("run", "-q", "large.py")[0] == 0, "no input")
    code, out, err = run("run", "-m", "1MB", "-t", "1", "script.py")
    limits = re.findall(r"(?:raise --memory-limit to|least that can is --memory-limit) (\d+)(KiB|MiB)", err)
    check(len(limits) == 1 and limits[0][1] == "KiB" and code == 5, code, err)
    code, out, err = run("run", "-m", limits[0][0] + "KiB", "-t", "1", "script.py")
    check(code == 0 and "cannot be kept to" not in err, code, err)
    code, out, err = run("run", "-m", "900TiB", "script.py")
    check(code == 0 and re.search(r"^warning: --memory-limit 900 TiB a rank is more than the \S+ [GM]iB that a rank can have here "
                                  r"\((memory of the node|cgroup memory limit)\): the system kills whoever takes more$", err, re.M), code, err)


def rehearsal():
    for ranks, faults, lines in ((0, "rank=0 count=500", ["'rank=0 count=500' has not struck rank 0, and there is no other"]),
                                 (0, "rank=0 slow=1; rank=any io=read", ["'rank=any io=read' has not struck rank 0, and there is no other"]),
                                 (0, "rank=0 slow=1", []),
                                 (2, "rank=1 count=500; rank=7", ["'rank=1 count=500' has not struck rank 1", "'rank=7' has not struck rank 0"])):
        code, out, err = run("run", "-q", "script.py", ranks=ranks, variables={"RANKINE_REHEARSE": faults})
        check(code == 0 and sorted(err.splitlines()) == sorted("warning: RANKINE_REHEARSE: " + line for line in lines), faults, code, err)


def first_words():
    """A banner before anything else, and progress from the first second on, also into a pipe."""
    for ranks in (0, 2):
        code, out, err = run("run", "--threads", "1", "-m", "512MiB", "script.py", ranks=ranks,
                             variables={"RANKINE_REHEARSE": "rank=0 slow=600; rank=any slow=600", "JOB_ID": "1234"})
        lines = err.splitlines()
        what = "2 ranks" if ranks else "1 process"
        each = " a rank" if ranks else ""
        check(code == 0 and re.fullmatch(rf"rankine \d+\.\d+\.\d+: {what} x 1 thread on {os.uname().nodename}, 512 MiB{each}, job sge 1234", lines[0]), err)
        check(re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  \d+/\d+ tasks \(\d+ %\), read ", lines[1]), err)
        check("\r" not in err, err)
    for words in (["-q"], ["--progress", "off"]):
        code, out, err = run("run", *words, "script.py", variables={"RANKINE_REHEARSE": "rank=0 slow=400"})
        check(code == 0 and " tasks (" not in err and err.startswith("rankine ") == (words != ["-q"]), words, err)
    code, out, err = run("version")
    check((code, err) == (0, "") and re.fullmatch(r"rankine \d+\.\d+\.\d+\n", out), out)
    code, out, err = run("version", "--verbose")
    facts = dict(line.split(None, 1) for line in out.splitlines()[1:])
    check(code == 0 and list(facts) == ["commit", "compiler", "MPI", "HDF5", "NetCDF", "libdeflate", "zstd", "lz4", "blosc", "bzip2", "szip"], out)
    check(re.fullmatch("[0-9a-f]{12}|unknown", facts["commit"]) and re.match(r"g\+\+ \d|clang \d", facts["compiler"]), out)
    check(re.fullmatch(r"\d+\.\d+\.\d+", facts["HDF5"]) and re.match(r"\d+\.\d+", facts["NetCDF"]) and re.match(r"\d+\.\d+", facts["libdeflate"]), out)


def outcome():
    for ranks in (0, 2):
        clean()
        code, out, err = run("run", "-q", "--threads", "1", "--run-dir", "kept", "script.py", ranks=ranks, variables={"JOB_ID": "1234"})
        check(code == 0, code, err)
        with open("kept/outcome.json") as file:
            told = json.load(file)
        stamp = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        check(re.fullmatch(stamp, told["started"]) and re.fullmatch(stamp, told["ended"]) and told["started"] <= told["ended"], told)
        check((told["job"], told["nodes"], told["threads"], told["ranks"]) == ("sge 1234", [os.uname().nodename], max(ranks, 1), max(ranks, 1)), told)
        check(told["peak_memory"] > 5_000_000 and told["bytes_read"] == 320_000 and told["bytes_written"] >= 320_000, told)
        check(sum(layer["tasks"] for layer in told["layers"]) == told["tasks"] > 0, told)
        check(all(layer["busy_s"] >= 0 and layer["name"] for layer in told["layers"]), told)
        code, out, err = run("status", "kept")
        check(code == 0 and re.search(rf"^started {stamp} as job sge 1234 on {os.uname().nodename}, {max(ranks, 1)} thread", out, re.M), out)
        check(re.search(r"^read 312 KiB, wrote \S+ KiB, peak memory of a rank \S+ MiB$", out, re.M), out)
        for layer in told["layers"]:
            check(f"  {layer['name']}: {layer['tasks']} task" in out, layer, out)


{"status": status_of_folders, "end_time": end_time, "hangup": hangup, "singletons": singletons, "shared_options": shared_options,
 "memory_words": memory_words, "rehearsal": rehearsal, "first_words": first_words, "outcome": outcome}[case]()
os.chdir("/")
shutil.rmtree(work)
