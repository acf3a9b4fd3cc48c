"""What rank 0 holds for the script stays within bounds, and what cannot work is told where the script asks for it.

    bounds.py RANKINE MPIRUN FLAGS FOLDER CASE
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

RANKINE, MPIRUN, FLAGS, FOLDER, CASE = sys.argv[1:6]
MIB = 1 << 20
SHAPE = (64, 8, 128, 160)  # 40 MiB as float32
# Whoever runs tests in the background may have set it to be ignored, and programs inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
os.chdir(FOLDER)
os.environ["OMPI_MCA_orte_allowed_exit_without_sync"] = "1"


def fail(text):
    print("FAILED " + CASE + ": " + text)
    sys.exit(1)


def by_numpy(code):
    """What it prints. In a process of its own: the resident set that a process had is counted as its children's too."""
    done = subprocess.run([sys.executable, "-c", f"import netCDF4\nimport numpy as np\nSHAPE = {SHAPE}\n" + code], check=True,
                          capture_output=True, text=True)
    return done.stdout


def make_input():
    by_numpy("""
rng = np.random.default_rng(5)
with netCDF4.Dataset("in.nc", "w") as file:
    for name, size in zip(("time", "level", "lat", "lon"), SHAPE):
        file.createDimension(name, size)
    for name in ("u", "v", "w"):
        variable = file.createVariable(name, "f4", ("time", "level", "lat", "lon"), chunksizes=(8, 8, 128, 160))
        variable[:] = rng.integers(-100, 100, size=SHAPE, dtype=np.int8)
""")


def make_small_input():
    by_numpy("""
with netCDF4.Dataset("in.nc", "w") as file:
    file.createDimension("x", 4)
    file.createVariable("u", "f4", ("x",))[:] = [1, 2, 3, 4]
""")


def run(script, *options, ranks=0, name="s.py", stdin=None, timeout=100, words=("run",), **environment):
    """Status, what it printed and what it said."""
    if script is not None:
        with open("s.py", "w") as file:
            file.write(script)
    command = [RANKINE, *words, *options, *([name] if name else [])]
    if ranks:
        command = [MPIRUN, "-n", str(ranks), *FLAGS.split(), *command]
    process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env={**os.environ, **environment})
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    printed, said = process.communicate(stdin.encode() if stdin is not None else None)
    timer.cancel()
    return process.returncode, printed.decode(), said.decode()


def expect(got, wanted, what):
    if got != wanted:
        fail(f"{what}: {got!r} instead of {wanted!r}")


def measured(script, *options):
    """Runs it under /proc's eyes: status, output, words, peak of the resident set."""
    with open("s.py", "w") as file:
        file.write(script)
    out, err = open("printed", "w+"), open("said", "w+")
    pid = os.posix_spawn(RANKINE, [RANKINE, "run", "-q", "--threads", "1", *options, "s.py"], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
    _, status, usage = os.wait4(pid, 0)
    out.seek(0), err.seek(0)
    return os.waitstatus_to_exitcode(status), out.read(), err.read(), usage.ru_maxrss * 1024


HEAD = 'import xarray as xr\nds = xr.open_dataset("in.nc")\n'


def gather():
    make_input()
    # One copy, and blocks on their way.
    status, printed, said, peak = measured(HEAD + "v = ds.u.values\nprint(v.shape)\n", "--memory-limit", "128MiB")
    expect((status, printed), (0, f"{SHAPE}\n"), "a value that fits" + said)
    if peak > 128 * MIB:
        fail(f"a value of 40 MiB peaks at {peak / MIB:.0f} MiB")
    # Asked before it is gathered, with the line.
    for asks in ("ds.u.values", "(ds.u * 2).values", "ds.u.to_numpy()", "ds.u.data"):
        status, printed, said, peak = measured(HEAD + f"print(1)\nv = {asks}\nprint(2)\n", "--memory-limit", "64MiB")
        expect((status, printed), (5, "1\n"), asks + said)
        if not re.search(r'line 4, in <module>\n.*\n *\^\nMemoryError: values of 40.0 MiB \(float32 of shape \(64, 8, 128, 160\)\) would be '
                         r"gathered on rank 0, which has room for .* raise --memory-limit to \d+MiB\n$", said):
            fail("not said so: " + said)
        if peak > 64 * MIB:
            fail(f"{asks} is refused at a peak of {peak / MIB:.0f} MiB")
    # What the script still holds counts, and what it has let go of does not.
    keeps = HEAD + "v = ds.u.values\nw = ds.v.values\nx = ds.w.values\nprint(3)\n"
    status, printed, said, peak = measured(keeps, "--memory-limit", "128MiB")
    expect((status, printed), (5, ""), "values that are kept" + said)
    if "what the script holds already" not in said or peak > 128 * MIB:
        fail(f"at a peak of {peak / MIB:.0f} MiB: " + said)
    lets_go = HEAD + "for i in range(5):\n    v = None\n    v = (ds.u + i).values\n    print(v.shape[0])\n"
    status, printed, said, peak = measured(lets_go, "--memory-limit", "128MiB")
    expect((status, printed), (0, "64\n" * 5), "values that are let go of" + said)
    if peak > 128 * MIB:
        fail(f"values that are let go of peak at {peak / MIB:.0f} MiB")
    # The limit that the message names is enough.
    status, _, said, _ = measured(HEAD + "v = ds.u.values\n", "--memory-limit", "64MiB")
    least = re.search(r"raise --memory-limit to (\d+MiB)", said).group(1)
    status, _, said, _ = measured(HEAD + "v = ds.u.values\n", "--memory-limit", least)
    expect(status, 0, "with " + least + said)
    # A script may catch it. Lists are larger than what they are made of.
    catches = HEAD + ("try:\n    v = ds.u.values\nexcept MemoryError:\n    v = ds.u.mean().values\nprint(v.shape)\n"
                      "x = ds.u.isel(time=slice(0, 16)).values\nx = x.tolist()\n")
    status, printed, said, peak = measured(catches, "--memory-limit", "64MiB")
    expect((status, printed), (5, "()\n"), "caught" + said)
    if "x = x.tolist()" not in said:
        fail("tolist: " + said)


def drop():
    make_input()
    script = HEAD + ('ds = ds.assign_coords(lat=range(128))\ncond = (ds.u > 98) & (ds.lat > 5) & (ds.lat < 100)\n'
                     'x = ds.u.where(cond & (ds.w > 97), drop=True)\nprint(x.shape, float(x.sum()), x.lat.values[0], x.lat.values[-1])\n')
    wanted = by_numpy("""
with netCDF4.Dataset("in.nc") as file:
    u, w = file["u"][:].data, file["w"][:].data
lat = np.arange(128)[:, None]
cond = (u > 98) & (lat > 5) & (lat < 100) & (w > 97)
kept = [np.flatnonzero(cond.any(axis=tuple(b for b in range(4) if b != a))) for a in range(4)]
print(tuple(len(k) for k in kept), float(u[cond].sum()), kept[2][0], kept[2][-1])
""")
    for ranks in (0, 3):
        status, printed, said = run(script, "-q", "--threads", "1", "--memory-limit", "64MiB", ranks=ranks)
        expect((status, printed), (0, wanted), f"{ranks} ranks: {said}")
    status, printed, said, peak = measured(script, "--memory-limit", "96MiB")
    expect((status, printed), (0, wanted), said)
    if peak > 96 * MIB:
        fail(f"it peaks at {peak / MIB:.0f} MiB")


def kept_values():
    """A value that an earlier job has gathered is not computed again, nor held more than once."""
    make_input()
    script = HEAD + ('ds.u.mean("time").to_netcdf("out.nc")\nv = ds.v.values\n'
                     '(ds.w * float(v[0, 0, 0, 0])).mean("time").to_netcdf("out2.nc")\nprint(float(v.sum()))\n')
    status, _, said = run(script, "-q", "--threads", "1", "--memory-limit", "192MiB", ranks=2, RANKINE_REHEARSE="rank=0 at=close count=2")
    expect(status, 75, "killed" + said)
    if not [name for name in os.listdir("out.nc.rankine") if name.startswith("values-")]:
        fail("the value is not kept: " + str(os.listdir("out.nc.rankine")))
    status, printed, said, peak = measured(script, "--memory-limit", "192MiB")
    wanted = by_numpy('print(float(netCDF4.Dataset("in.nc")["v"][:].sum(dtype="f8")))')
    expect((status, printed), (0, wanted), "gone on with" + said)
    if peak > 192 * MIB:
        fail(f"it peaks at {peak / MIB:.0f} MiB")
    if os.path.exists("out.nc.rankine"):
        fail("the run directory is left: " + str(os.listdir("out.nc.rankine")))


def second_death():
    """Rank 0 dies at one and the same place, job after job: that is not worth going on with for ever."""
    make_input()
    script = HEAD + 'ds.u.mean("time").to_netcdf("out.nc")\n'
    dies = {"RANKINE_REHEARSE": "rank=0 count=2"}
    options = ("-q", "--threads", "1", "--scheduler-works=yes")
    status, _, said = run(script, *options, ranks=2, **dies)
    expect(status, 75, "the first time" + said)
    for time in ("1 time", "2 times"):
        status, _, said = run(script, *options, ranks=2, **dies)
        expect(status, 5, f"after {time} before" + said)
        if f"was killed by signal 9 (Killed), as {time} before" not in said or "Give each rank more memory" not in said:
            fail("not said so: " + said)
        status, printed, _ = run(None, "out.nc.rankine", name="", words=("status",))
        expect(status, 5, "rankine status: " + printed)
    status, _, said = run(None, "-q", "out.nc.rankine", name="", words=("resume",))
    expect(status, 0, "gone on with all the same" + said)
    # A worker and the same task, where rank 0 does not work.
    os.remove("out.nc")
    kills = {"RANKINE_REHEARSE": "rank=1"}
    options = ("-q", "--threads", "1", "--scheduler-works=no")
    statuses = []
    for _ in range(2):
        status, _, said = run(script, *options, ranks=2, **kills)
        statuses.append(status)
    expect(statuses, [75, 5], "a task that kills the worker" + said)
    if "was running then, and when a rank was killed by signal 9 (Killed) in an earlier job" not in said:
        fail("not said so: " + said)


def places():
    """Where an output cannot go is told where the script names it, before anything is computed."""
    make_small_input()
    os.mkdir("there")
    shutil.copy("in.nc", "there/old.nc")
    os.mkdir("plain")
    open("plain/file", "w").close()
    os.mkdir("closed", 0o555)
    cases = [('ds.to_netcdf("nowhere/x.nc")', 4, "there is no directory .*/nowhere; make it first"),
             ('ds.to_zarr("nowhere/x.zarr")', 4, "there is no directory .*/nowhere; make it first"),
             ('ds.to_zarr("there/old.nc", mode="w")', 4, "a file of that name is in the way"),
             ('ds.to_netcdf("")', 4, "an output without a name"),
             ('ds.to_zarr("", mode="w")', 4, "an output without a name"),
             ('ds.to_netcdf("there")', 4, "a directory of that name is in the way"),
             ('ds.to_zarr("plain", mode="w")', 4, "holds something else than a Zarr store"),
             ('ds.to_netcdf("in.nc")', 4, "the script reads from it"),
             ('ds.to_netcdf("/dev/null")', 4, "no file, such as a device"),
             ('ds.to_netcdf("a\\0b.nc")', 2, "embedded null byte")]
    if os.getuid():  # root may write anywhere
        cases.append(('ds.to_netcdf("closed/x.nc")', 4, "is not writable"))
    for statement, wanted, text in cases:
        status, printed, said = run(HEAD + f"print(1)\n{statement}\nprint(2)\n", "-q")
        expect((status, printed), (wanted, "1\n"), statement + said)
        if not re.search(r'File "s.py", line 4, in <module>\n.*\n *\^\n\w+Error: .*' + text, said):
            fail(statement + " is not told so: " + said)
    # What is opened is looked at before anything is done.
    status, printed, said = run(HEAD + 'print(1)\nxr.open_dataset("in.nc\\0.txt")\n', "-q")
    expect((status, printed, said.endswith("ValueError: embedded null byte\n")), (2, "", True), "a null byte" + said)
    # mode "w-", also for what the script itself has written before.
    zarr = HEAD + 'ds.to_zarr("new.zarr", mode="w-")\nprint(1)\nds.to_zarr("new.zarr", mode="w-")\nprint(2)\n'
    status, printed, said = run(zarr, "-q")
    expect((status, printed), (4, "1\n"), "twice" + said)
    if not re.search(r"line 5, in <module>\n.*\n *\^\nFileExistsError: .*mode is 'w-'", said):
        fail("twice: " + said)
    # A folder that the script makes first is there; Python's own answers for names with a null byte.
    makes = HEAD + ('import os\nos.makedirs("made/deep", exist_ok=True)\nds.to_netcdf("made/deep/x.nc")\n'
                    'print(os.path.exists("in.nc\\0"), os.path.exists("in.nc"))\n')
    status, printed, said = run(makes, "-q")
    expect((status, printed, os.path.exists("made/deep/x.nc")), (0, "False True\n", True), said)


def pipes():
    text = 'import sys\nprint("hi", len(sys.argv))\n'
    for name in ("-", "/dev/stdin"):
        expect(run(None, "-q", name=name, stdin=text), (0, "hi 1\n", ""), name)
    status, _, said = run(None, "-q", name="-", stdin="x = 1\n1 / 0\n")
    expect((status, 'File "<stdin>", line 2, in <module>' in said), (2, True), "an error" + said)
    shell = subprocess.run(["bash", "-c", f"{RANKINE} run -q <(echo 'print(7)')"], capture_output=True, text=True, timeout=60)
    expect((shell.returncode, shell.stdout, shell.stderr), (0, "7\n", ""), "<(...)")
    # A FIFO waits for its writer, and a signal is heard meanwhile.
    os.mkfifo("fifo")
    reader = subprocess.Popen([RANKINE, "run", "-q", "fifo"], stdout=subprocess.PIPE, text=True)
    with open("fifo", "w") as writer:
        writer.write("print(8)\n")
    expect((reader.communicate(timeout=60)[0], reader.returncode), ("8\n", 0), "a FIFO")
    for number in (signal.SIGTERM, signal.SIGINT):
        reader = subprocess.Popen([RANKINE, "run", "-q", "fifo"], stderr=subprocess.PIPE)
        # It has the FIFO open, or is about to, when it sleeps there.
        while open(f"/proc/{reader.pid}/stat").read().split()[2] != "S":
            pass
        reader.send_signal(number)
        reader.communicate(timeout=20)
        if reader.returncode == 0:
            fail(f"signal {number} is not heard")
    # What is no script.
    os.mkdir("folder")
    with open("binary", "wb") as file:
        file.write(bytes(range(256)))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("socket")
    for name, why in (("folder", "it is a folder"), ("binary", "it holds binary data, not Python"), ("socket", "it is a socket"),
                      ("nothing.py", "No such file or directory")):
        expect(run(None, "-q", name=name), (2, "", f"rankine: cannot read the script '{name}': {why}\n"), name)
        expect(run(None, name=name, words=("plan",))[0], 2, "plan " + name)


def pipes_mpi():
    """Rank 0 reads the pipe; the text travels, because workers call the script's functions."""
    make_small_input()
    text = ("import xarray as xr\nfrom dask import delayed\nimport dask\n"
            "def square(x):\n    return x * x\n"
            "print(sum(dask.compute(*[delayed(square)(i) for i in range(20)])))\n"
            'ds = xr.open_dataset("in.nc")\nds.to_netcdf("out.nc")\n')
    expect(run(None, "-q", name="-", stdin=text, ranks=3)[:2], (0, "2470\n"), "-")
    os.remove("out.nc")
    # Gone on with from the journal: the pipe is not there any more.
    failing = text.replace('ds = xr', 'ds = (xr').replace('in.nc")\n', 'in.nc") + 1)\n')
    status, _, said = run(None, "-q", name="-", stdin=failing, ranks=2, RANKINE_REHEARSE="rank=0 at=close count=1")
    expect(status, 75, "killed" + said)
    directory = re.search(r"rankine resume (\S+)", said).group(1)
    status, printed, said = run(None, "-q", directory, name="", words=("resume",), ranks=3)
    expect((status, printed), (0, "2470\n"), "resumed" + said)
    expect(by_numpy('print(netCDF4.Dataset("out.nc")["u"][:].tolist())'), "[2.0, 3.0, 4.0, 5.0]\n", "the output")
    os.mkdir("folder")
    status, _, said = run(None, "-q", name="folder", ranks=2)
    expect((status, said.count("it is a folder")), (2, 1), "a folder" + said)


def within_bounds():
    """A script that makes more and more ends with an error within the limit; one that only computes hears a signal."""
    for script in ("x = [1]\nfor i in range(40):\n    x = x + x\n", "x = 'a'\nfor i in range(60):\n    x = x + x\n",
                   "x = list(range(10 ** 9))\n", "d = {}\nfor i in range(10 ** 12):\n    d[i] = str(i)\n",
                   "x = [str(i) * 50 for i in range(10 ** 12)]\n", "x = 'x'.zfill(10 ** 13)\n", "x = 'ab'.join(['c' * 1000] * 10 ** 6)\n",
                   "import numpy as np\nx = [np.zeros(10000) for i in range(10 ** 9)]\n"):
        status, _, said, peak = measured(script, "--memory-limit", "128MiB")
        expect(status, 5, script + said)
        if not re.search(r'File "s.py", line \d, in .*\n.*\n *\^\nMemoryError: ', said) or peak > 160 * MIB:
            fail(f"{script!r} at a peak of {peak / MIB:.0f} MiB: {said}")
    for script in ("print(1, flush=True)\nx = sum(range(10 ** 13))\n", "print(1, flush=True)\nx = max(i for i in [0] if all(range(1, 10 ** 13)))\n"):
        with open("s.py", "w") as file:
            file.write(script)
        for number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen([RANKINE, "run", "-q", "s.py"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            process.stdout.readline()
            process.send_signal(number)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                fail(f"signal {number} is not heard in {script!r}")
            if process.returncode == 0:
                fail(f"signal {number} in {script!r}: status 0")


globals()[CASE]()
