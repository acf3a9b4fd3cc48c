"""A script that uses Dask prints the same under CPython with dask.distributed and under Rankine at 1 and 3 ranks.

    compare_dask.py RANKINE MPIRUN SCRIPT [WORD...]

CPython's Client keeps its workers in the process (a script need not guard its beginning then) and makes no dashboard.
"""
import os
import subprocess
import sys
import tempfile

ORACLE = """
import functools, logging, runpy, sys, warnings
warnings.simplefilter("ignore")
import distributed, dask.distributed
logging.getLogger("distributed").setLevel(logging.CRITICAL)
def client(*args, **kwargs):
    return RealClient(processes=False, n_workers=1, threads_per_worker=4, dashboard_address=None)
RealClient = distributed.Client
for module in (distributed, dask.distributed):
    module.Client = client
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

rankine, mpirun, script, words = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_mpi_yield_when_idle="1", OMP_NUM_THREADS="1", PYTHONPATH=os.path.dirname(script))


def run(command):
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=dict(environment, SCRATCH=scratch))
    if done.returncode != 0:
        sys.exit(f"{' '.join(command[:3])} ... ends with status {done.returncode}:\n{done.stdout}{done.stderr[-3000:]}")
    return done.stdout


expected = run(["/usr/bin/python3", "-c", ORACLE, script, *words])
different = False
for ranks in (1, 3):
    launcher = [mpirun, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", "--quiet"] if ranks > 1 else []
    got = run([*launcher, rankine, "run", "--quiet", "--threads", "2", script, *words])
    if got == expected:
        continue
    different = True
    print(f"at {ranks} rank(s), {script} prints")
    for line, (want, have) in enumerate(zip(expected.splitlines() + [None] * 9, got.splitlines() + [None] * 9), 1):
        if want != have:
            print(f"  line {line}: {have!r}\n  instead of {want!r}")
            break
sys.exit(1 if different else 0)
