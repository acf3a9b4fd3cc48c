"""The example plugin under Rankine at several numbers of ranks and its Python twin under CPython print the same; kernels
that throw or crash, names that are not there and files that are no plugin are reported by name.

    plugins.py RANKINE PLUGIN_FOLDER EXAMPLES MPIRUN
"""
import os
import re
import subprocess
import sys
import tempfile

RANKINE, FOLDER, EXAMPLES, MPIRUN = sys.argv[1:5]
HEAT, FAULTY = os.path.join(FOLDER, "libheat.so"), os.path.join(FOLDER, "libfaulty.so")
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   OMPI_MCA_mpi_yield_when_idle="1")
failures = []


def run(command, ranks=1):
    launcher = [MPIRUN, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", "--quiet"] if ranks > 1 else []
    done = subprocess.run(launcher + command, capture_output=True, text=True, timeout=120, env=ENVIRONMENT)
    return done.returncode, done.stdout, done.stderr


def expect(what, condition, shown):
    if not condition:
        failures.append(what)
        print(f"FAILED {what}\n{shown}")


def rankine(text, plugins, ranks=1, options=()):
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as script:
        script.write(text)
    try:
        return run([RANKINE, "run", "--quiet", *options, "--plugin", ",".join(plugins), script.name], ranks)
    finally:
        os.unlink(script.name)


diffusion = os.path.join(EXAMPLES, "heat", "diffusion.py")
status, expected, errors = run(["/usr/bin/python3", diffusion])
expect("diffusion.py runs under CPython", status == 0, errors)
for ranks in (1, 2, 3):
    status, text, errors = run([RANKINE, "run", "--quiet", "--plugin", HEAT, diffusion], ranks)
    expect(f"diffusion.py is the same at {ranks} ranks", (status, text) == (0, expected), (status, text, expected, errors))

ARRAY = "import numpy as np\nimport xarray as xr\nda = xr.DataArray(np.arange(6.0), dims='x')\n"
for ranks in (1, 3):
    status, text, errors = rankine(ARRAY + "import faulty\nprint(faulty.throws(da).values)\n", [FAULTY], ranks)
    found = re.search(r"kernel 'faulty.throws' failed: the value 3.000000 is too hot "
                      r"\(task faulty.throws \(0,\), attempt 3 of 3, worker \d on \S+\)", errors)
    expect(f"a throwing kernel is named at {ranks} ranks", status == 1 and found, (status, errors))
status, text, errors = rankine(ARRAY + "import faulty\nprint(faulty.throws(da, bad=-1).sum().values)\n", [HEAT, FAULTY])
expect("a parameter reaches the kernel", (status, text) == (0, "15.0\n"), (status, text, errors))

status, text, errors = rankine(ARRAY + "import faulty\nprint(faulty.crashes(da).values)\n", [FAULTY])
expect("a crashing kernel is named", status != 0 and "rankine: worker 0 crashed (SIGSEGV) in kernel 'faulty.crashes', "
       "task faulty.crashes (0,)" in errors, (status, errors))

# Kernels in processes of their own: what crashes there costs an attempt of its task and no rank.
ISOLATED = ["--isolate-tasks", "--threads", "2"]
for ranks in (1, 3):
    status, text, errors = run([RANKINE, "run", "--quiet", *ISOLATED, "--plugin", HEAT, diffusion], ranks)
    expect(f"diffusion.py is the same in processes of its own at {ranks} ranks", (status, text) == (0, expected), (status, text, errors))
    for kernel, end in [("crashes", r"crashed \(SIGSEGV\) in its own process"), ("exits", "ended its process with status 7")]:
        status, text, errors = rankine(ARRAY + f"import faulty\nprint(faulty.{kernel}(da).values)\n", [FAULTY], ranks, ISOLATED)
        found = re.search(rf"kernel 'faulty.{kernel}' {end} \(task faulty.{kernel} \(0,\), attempt 3 of 3, worker \d on \S+\)", errors)
        expect(f"{kernel} fails its task alone at {ranks} ranks", status == 1 and found and "lost rank" not in errors, (status, errors))
    with tempfile.TemporaryDirectory() as folder:
        mark = os.path.join(folder, "mark")
        blocks = ARRAY.replace("6.0", "60.0") + f"import faulty\nprint(faulty.crashes_once(da.chunk(x=5), mark='{mark}').sum().values)\n"
        status, text, errors = rankine(blocks, [FAULTY], ranks, ISOLATED)
        expect(f"a kernel that crashes once is tried again at {ranks} ranks", (status, text) == (0, "1830.0\n") and
               "lost rank" not in errors and os.path.exists(mark), (status, text, errors))
status, text, errors = rankine(ARRAY + "import faulty\nprint(faulty.throws(da).values)\n", [FAULTY], 1, ISOLATED)
expect("what a kernel throws comes out of its process", status == 1 and
       "kernel 'faulty.throws' failed: the value 3.000000 is too hot (task faulty.throws (0,), attempt 3 of 3" in errors, (status, errors))
left = [pid for pid in os.listdir("/proc") if pid.isdigit() and os.path.exists(f"/proc/{pid}/comm") and
        open(f"/proc/{pid}/comm").read().startswith("rankine-kernel") and FOLDER in open(f"/proc/{pid}/cmdline").read()]
expect("no process of a kernel is left", not left, left)

for text, message in [("heat.stepp(da)", "plugin 'heat' has no kernel 'stepp'; it has 'step', 'detrend', 'rms'"),
                      ("heat.step(da)", "kernel 'heat.step' is told of dim 'lat', which its inputs lack; they have 'x'"),
                      ("heat.rms(da, dims='x')", "kernel 'heat.rms' has no parameter 'dims'"),
                      ("heat.rms(da.astype('float32')).values", "the input is float32, the kernel takes float64")]:
    status, _, errors = rankine(ARRAY + "import heat\n" + text + "\n", [HEAT])
    expect(text, status in (1, 2) and message in errors, (status, errors))
status, _, errors = rankine("import frost\n", [HEAT])
expect("a plugin that is not loaded", status == 2 and "module 'frost' is not supported" in errors, errors)
status, _, errors = rankine("print(1)\n", [os.path.join(FOLDER, "libabsent.so")])
expect("a file that is not there", status == 2 and "cannot load the plugin" in errors, errors)
status, _, errors = rankine("print(1)\n", [HEAT, HEAT])
expect("a plugin given twice", status == 2 and "two plugins are called 'heat'" in errors, errors)

sys.exit(1 if failures else 0)
