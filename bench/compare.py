"""How long does the whole process take? Rankine against CDO and xarray with dask.distributed.

    compare.py [--build build] [--input FILE] [--repetitions 3] [--engines a,b] [--pipelines a,b] [--work DIR] [--json FILE]

Time mean, monthly climatology and anomaly standard deviation of the quickstart's file (made if absent), each with a
cold and a warm page cache. Repetitions alternate between the programs, so that a slow minute of the machine hits all
of them. Prints every repetition, medians, ratios to Rankine under MPI, and the peak memory of the largest process.
Answers are compared with each other before anything is printed as a result.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

# This process must stay small: a child's peak memory counts from the fork, so numpy is left to children.
HERE = os.path.dirname(os.path.abspath(__file__))
# float32 accumulation over 3836 steps of 280 K, as some of the programs do it, is off by a few mK.
TOLERANCE_K = 0.02
ORACLE_PYTHON = "/usr/bin/python3"
PIPELINES = {
    "time_mean": ["-timmean", "INPUT"],
    "monthly_climatology": ["-ymonmean", "INPUT"],
    "anomaly_std": ["-timstd", "-ymonsub", "INPUT", "-ymonmean", "INPUT"],
}


def commands(options, pipeline, output):
    script = os.path.join(HERE, "pipelines", pipeline + ".py")
    # Blocks that suit each: a stored chunk's steps for Rankine, four times as many for dask's costlier tasks.
    rankine = [os.path.join(options.build, "bin", "rankine"), "run", "--quiet", script, options.input]
    operators = [options.input if word == "INPUT" else word for word in PIPELINES[pipeline]]
    return {
        "rankine_mpi": ["mpirun", "-n", str(options.workers + 1), *options.mpirun_flags.split(), *rankine,
                        output("rankine_mpi"), "64"],
        "rankine_single": [*rankine, output("rankine_single"), "64"],
        "cdo": ["cdo", "-s", "-O", *operators, output("cdo")],
        "dask": [ORACLE_PYTHON, os.path.join(HERE, "run_dask.py"), str(options.workers), script, options.input,
                 output("dask"), "256"],
    }


def evict(path):
    """Makes the next read come from the disk; says how."""
    try:
        subprocess.run(["sync"], check=True)
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3\n")
        return "all caches dropped"
    except OSError:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return "the input's pages dropped"


def warm(path):
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


def timed(command, folder):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_mpi_yield_when_idle="1")
    log = os.path.join(folder, "log")
    with open(log, "w") as out:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(log) as text:
            sys.exit(f"exit status {process.returncode} of {' '.join(command)}:\n{text.read()[-3000:]}")
    return seconds, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description="whole-process times of Rankine, CDO and xarray with dask")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    parser.add_argument("--input")
    parser.add_argument("--work", default="/tmp/rankine-bench")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="worker ranks of Rankine, worker processes of dask")
    parser.add_argument("--engines", default="rankine_mpi,rankine_single,cdo,dask")
    parser.add_argument("--pipelines", default=",".join(PIPELINES))
    parser.add_argument("--mpirun-flags", default="--oversubscribe --bind-to none")
    parser.add_argument("--json", help="write all numbers to this file")
    options = parser.parse_args()
    options.build, options.work = os.path.abspath(options.build), os.path.abspath(options.work)
    engines = options.engines.split(",")
    os.makedirs(options.work, exist_ok=True)
    if options.input is None:
        options.input = os.path.join(options.work, "era5_like.nc")
        if not os.path.exists(options.input):
            subprocess.run([os.path.join(options.build, "bin", "make_era5_like"), options.input], check=True)
    options.input = os.path.abspath(options.input)

    print(f"input {options.input}, {os.path.getsize(options.input) / 1e6:.0f} MB stored; {os.cpu_count()} cores; "
          f"{options.repetitions} repetitions")
    everything = []
    for pipeline in options.pipelines.split(","):
        folder = os.path.join(options.work, pipeline)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        output = lambda engine: os.path.join(folder, engine + ".nc")
        all_commands = commands(options, pipeline, output)
        seconds = {(engine, cache): [] for engine in engines for cache in ("cold", "warm")}
        peak_mib = dict.fromkeys(engines, 0.0)
        how = ""
        for repetition in range(options.repetitions):
            for cache in ("cold", "warm"):
                # Another program begins each time.
                turn = repetition % len(engines)
                for engine in engines[turn:] + engines[:turn]:
                    if os.path.exists(output(engine)):
                        os.remove(output(engine))
                    if cache == "cold":
                        how = evict(options.input)
                    else:
                        warm(options.input)
                    taken, mib = timed(all_commands[engine], folder)
                    seconds[engine, cache].append(taken)
                    peak_mib[engine] = max(peak_mib[engine], mib)
        check = subprocess.run([ORACLE_PYTHON, os.path.join(HERE, "check_answers.py"), str(TOLERANCE_K),
                                *[output(engine) for engine in engines]], capture_output=True, text=True)
        if check.returncode != 0:
            sys.exit(f"{pipeline}: the answers differ by more than {TOLERANCE_K} K, so no times are given:\n"
                     f"{check.stdout}{check.stderr}")
        differences = [0.0] + [float(line) for line in check.stdout.split()]

        print(f"\n{pipeline} (cold: {how})")
        print(f"{'':16}{'cold s':>8}{'ratio':>7}{'warm s':>8}{'ratio':>7}{'peak MiB':>10}{'differs K':>11}   repetitions s")
        base = {cache: statistics.median(seconds[engines[0], cache]) for cache in ("cold", "warm")}
        for engine, difference in zip(engines, differences):
            cold, hot = (statistics.median(seconds[engine, cache]) for cache in ("cold", "warm"))
            raw = " ".join(f"{s:.2f}" for s in seconds[engine, "cold"]) + " | " + " ".join(
                f"{s:.2f}" for s in seconds[engine, "warm"])
            print(f"{engine:16}{cold:8.2f}{cold / base['cold']:7.2f}{hot:8.2f}{hot / base['warm']:7.2f}"
                  f"{peak_mib[engine]:10.0f}{difference:11.1e}   {raw}", flush=True)
            everything.append({"pipeline": pipeline, "engine": engine, "cold_s": seconds[engine, "cold"],
                               "warm_s": seconds[engine, "warm"], "peak_mib": peak_mib[engine],
                               "largest_difference_k": difference})
    if options.json:
        with open(options.json, "w") as file:
            json.dump(everything, file, indent=1)


if __name__ == "__main__":
    main()
