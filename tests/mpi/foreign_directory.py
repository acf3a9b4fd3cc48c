"""Run directories, journals and temporary names that somebody else has prepared: a run is refused by name, and nothing that is not
its own is written to or removed. And what a run that is killed leaves is known to the next one.

    foreign_directory.py RANKINE WORK
"""
import os
import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import xarray as xr

rankine, work = sys.argv[1:3]
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
failures = 0
nobody = 65534

xr.Dataset({"v": (("y", "x"), np.arange(20000, dtype="f4").reshape(100, 200))}).to_netcdf("in.nc")
SCRIPT = """import xarray as xr
ds = xr.open_dataset("in.nc", chunks={"y": 10})
(ds * 2).to_netcdf("out/o.nc", encoding={"v": {"zlib": True, "chunksizes": (10, 200)}})
(ds * 3).to_zarr("out/z.zarr")
"""
with open("s.py", "w") as file:
    file.write(SCRIPT)


def complain(text):
    global failures
    failures += 1
    print(text, file=sys.stderr)


def fresh_folder():
    shutil.rmtree("out", ignore_errors=True)
    os.mkdir("out")
    os.chmod("out", 0o777)
    shutil.rmtree("victim", ignore_errors=True)
    os.mkdir("victim")
    with open("victim/precious", "w") as file:
        file.write("precious")


def check_victim(what):
    if os.listdir("victim") != ["precious"] or open("victim/precious").read() != "precious":
        complain(f"{what}: what belongs to somebody else was touched: {os.listdir('victim')}")


def run(*words, rehearse=None, command="run"):
    environment = dict(os.environ)
    environment.pop("RANKINE_REHEARSE", None)
    if rehearse:
        environment["RANKINE_REHEARSE"] = rehearse
    return subprocess.run([rankine, command, *(["--quiet", "--threads", "1"] if command != "status" else []), *words],
                          capture_output=True, text=True, env=environment, timeout=100)


def refused(what, text, *words, command="run"):
    job = run(*words, command=command)
    if job.returncode != 2 or text not in job.stderr:
        complain(f"{what}: {command} gave status {job.returncode} and {job.stderr!r}, which does not say {text!r}")
    check_victim(what)


def killed_run(rehearse):
    job = run("s.py", rehearse=rehearse)
    if job.returncode != -9:
        sys.exit(f"{rehearse} did not kill the run: status {job.returncode} {job.stderr}")


def unfinished():
    return sorted(name for name in os.listdir("out") if name.endswith(".part"))


def succeeds(what, *words, command="run"):
    job = run(*words, command=command)
    if job.returncode != 0:
        complain(f"{what}: status {job.returncode} {job.stderr!r}")
        return
    if sorted(os.listdir("out")) != ["o.nc", "z.zarr"]:
        complain(f"{what}: the folder holds {sorted(os.listdir('out'))}")
    elif not np.array_equal(xr.open_dataset("out/o.nc").v.values, xr.open_dataset("in.nc").v.values * 2):
        complain(f"{what}: o.nc holds other values")


directory = "out/o.nc.rankine"

# ---- a directory that others may write to
fresh_folder()
os.mkdir(directory)
os.symlink(os.path.abspath("victim/precious"), directory + "/lock")
os.chmod(directory, 0o777)
refused("a run directory that anybody may write to", "may be written to by others (mode 0777)", "s.py")
refused("a run directory that anybody may write to", "may be written to by others", "--fresh", "s.py")
refused("a run directory that anybody may write to", "may be written to by others", directory, command="status")
refused("a run directory that anybody may write to", "may be written to by others", directory, command="resume")
os.chmod(directory, 0o700)
refused("a lock that is a link", "lock is a symbolic link", "s.py")
refused("a lock that is a link", "lock is a symbolic link", "--fresh", "s.py")
os.remove(directory + "/lock")
for name in ("journal", "outcome.json"):
    if os.path.exists(directory + "/outcome.json"):
        os.remove(directory + "/outcome.json")   # of the run that was refused
    os.symlink(os.path.abspath("victim/precious"), directory + "/" + name)
    if name == "journal":
        refused("a journal that is a link", "journal is a symbolic link", "s.py")
        refused("a journal that is a link", "journal is a symbolic link", directory, command="resume")
    else:
        refused("an outcome that is a link", "outcome.json is a symbolic link", directory, command="status")
    os.remove(directory + "/" + name)
os.chmod(directory, 0o777)
succeeds("an empty directory of one's own that others could write to", "s.py")

fresh_folder()
os.mkdir("victim/run")
os.chmod("victim/run", 0o700)
os.symlink(os.path.abspath("victim/run"), directory)
job = run("s.py")
if job.returncode != 2 or "is a symbolic link, which is not followed" not in job.stderr or os.listdir("victim/run"):
    complain(f"a run directory that is a link: status {job.returncode} {job.stderr!r} {os.listdir('victim/run')}")

# ---- of another user
if os.geteuid() == 0:
    fresh_folder()
    os.mkdir(directory)
    os.chmod(directory, 0o700)
    os.chown(directory, nobody, -1)
    for words, command in ((["s.py"], "run"), (["--fresh", "s.py"], "run"), ([directory], "status"), ([directory], "resume")):
        refused("a directory of another user", f"belongs to user nobody ({nobody}), not to you", *words, command=command)
    if os.listdir(directory):
        complain(f"a directory of another user: {os.listdir(directory)} was put into it")
    os.chown(directory, 0, -1)
    with open(directory + "/journal", "w"):
        pass
    os.chown(directory + "/journal", nobody, -1)
    refused("a journal of another user", f"journal belongs to user nobody ({nobody})", "s.py")
else:
    print("directories of other users are not tried: this needs to be root")

# ---- what tells who writes to an output
LOCK = "out/.o.nc.rankine-lock"
for what, make in (("is no list", lambda: open(LOCK, "w").write("[" * 200000 + "]" * 200000)), ("is huge", lambda: os.truncate(LOCK, 40 << 30))):
    fresh_folder()
    os.chmod("out", 0o755)
    open(LOCK, "w").close()
    make()
    refused(f"a lock file that {what}", "is not the file that tells who writes to an output", "s.py")
for what, make in (("is a folder", lambda: os.mkdir(LOCK)), ("is a FIFO", lambda: os.mkfifo(LOCK)), ("is a link", lambda: os.symlink("../victim/precious", LOCK))):
    fresh_folder()
    make()
    refused(f"a lock file that {what}", "is not the file that tells who else does", "s.py")
# Of a list of what is no run only live runs count, and whoever may only read the file holds nothing.
HOLD = """import fcntl, struct, sys
file = open(sys.argv[1])
fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 1, int(sys.argv[2]), 0))  # F_OFD_SETLK
print("held", flush=True)
sys.stdin.read()
"""
for count, text in ((1, ""), (0, "somebody who is no run holds all of")):
    fresh_folder()
    os.chmod("out", 0o755)
    with open(LOCK, "w") as file:
        file.write('[{"slot": 1, "who": 7, "claim": "all"}, {"slot": 1, "who": "a dead run", "claim": "all"}, 3]')
    holder = subprocess.Popen([sys.executable, "-c", HOLD, LOCK, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    holder.stdout.readline()
    job = run("s.py")
    if (job.returncode, text in job.stderr) != (4 if text else 0, True):
        complain(f"a lock file that somebody holds for reading: status {job.returncode} {job.stderr!r}")
    holder.communicate()

# ---- what lies in a folder that others may write to
fresh_folder()
for name in (".ncrc", ".dodsrc"):
    os.mkfifo(name)
succeeds("settings of libnetcdf that are FIFOs", "s.py")
for name in (".ncrc", ".dodsrc"):
    os.remove(name)
os.mkfifo("log")
job = run("--log-file", "log", "s.py")
if job.returncode != 4 or "cannot open log file log" not in job.stderr:
    complain(f"a log that is a FIFO: status {job.returncode} {job.stderr!r}")
os.remove("log")
if os.geteuid() == 0:
    fresh_folder()
    os.symlink("victim/precious", "log")
    os.chown("log", nobody, -1, follow_symlinks=False)
    job = run("--log-file", "log", "s.py")
    if job.returncode != 4 or "it is a link of another user" not in job.stderr:
        complain(f"a log that is a link of another user: status {job.returncode} {job.stderr!r}")
    check_victim("a log that is a link of another user")
    os.remove("log")
    fresh_folder()
    open(LOCK, "w").close()
    os.chown(LOCK, nobody, -1)
    refused("a lock file of another user where anybody may put one", f"belongs to user nobody ({nobody}) in a folder that everybody may write to", "s.py")
    # As another user: a directory that is private, an output that the sticky bit keeps, an array of a store.
    fresh_folder()
    os.chmod("out", 0o1777)
    as_nobody = ["setpriv", "--reuid", str(nobody), "--regid", str(nobody), "--clear-groups", rankine, "run", "--quiet", "--threads", "1", "s.py"]
    os.mkdir(directory, 0o700)
    job = subprocess.run(as_nobody, capture_output=True, text=True, timeout=100)
    if job.returncode != 2 or "belongs to user root (0), not to you" not in job.stderr:
        complain(f"a private run directory of another user: status {job.returncode} {job.stderr!r}")
    os.rmdir(directory)
    open("out/o.nc", "w").close()
    job = subprocess.run(as_nobody, capture_output=True, text=True, timeout=100)
    if job.returncode != 4 or "it is there and belongs to user root (0), and the folder's sticky bit" not in job.stderr or os.listdir("out") != ["o.nc"]:
        complain(f"an output that the sticky bit keeps: status {job.returncode} {job.stderr!r} {os.listdir('out')}")

# ---- a journal that was changed: its checksums are sums, and anybody can make them fit
TABLE = []
for value in range(256):
    for _ in range(8):
        value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def change_journal(path, change):
    data = open(path, "rb").read()
    out, at, changed = data[:8], 8, 0
    while at + 16 <= len(data):
        size, kind, crc = struct.unpack("<QII", data[at:at + 16])
        payload = data[at + 16:at + 16 + size]
        assert crc == crc32c(struct.pack("<QI", size, kind) + payload)
        new = change(payload)
        changed += new != payload
        assert len(new) == len(payload)
        out += struct.pack("<QII", size, kind, crc32c(struct.pack("<QI", size, kind) + new)) + new
        at += 16 + size
    if not changed:
        sys.exit("the journal holds no such name")
    with open(path, "wb") as file:
        file.write(out)


def padded(path, length):
    folder, _, name = path.rpartition("/")
    return (folder + "/" * (length - len(folder) - len(name)) + name).encode()


here = os.path.abspath(".").encode()
for target in (os.path.abspath("victim"), os.path.abspath("victim") + "/precious"):
    fresh_folder()
    killed_run("rank=0 at=close signal=9")
    names = unfinished()
    if len(names) != 2 or not all(re.fullmatch(r"\.(o\.nc|z\.zarr)\.rankine-[0-9a-z]{16}\.part", name) for name in names):
        complain(f"temporary names that can be guessed: {names}")
    pattern = re.compile(re.escape(here) + rb"/out/\.o\.nc\.rankine-[0-9a-z]{16}\.part")
    change_journal(directory + "/journal", lambda payload: pattern.sub(lambda match: padded(target, len(match[0])), payload))
    for words, command in ((["s.py"], "run"), (["--fresh", "s.py"], "run"), ([directory], "resume")):
        refused("a journal with another path", "which is no unfinished output of", *words, command=command)
    if unfinished() != names:
        complain(f"a journal with another path: {names} became {unfinished()}")
# The final name changed with it, so that they fit: what is removed has the name of an unfinished output, and is one.
fresh_folder()
killed_run("rank=0 at=close signal=9")
os.symlink(os.path.abspath("victim"), "out/.p.nc.rankine-" + [name for name in unfinished() if name.startswith(".o.nc")][0][len(".o.nc.rankine-"):])
change_journal(directory + "/journal", lambda payload: payload.replace(here + b"/out/.o.nc", here + b"/out/.p.nc").replace(here + b"/out/o.nc", here + b"/out/p.nc"))
run("--fresh", "s.py")
check_victim("a journal with other outputs")

# ---- a link that waits under the name of an unfinished output
fresh_folder()
killed_run("rank=0 at=close signal=9")
names = [name for name in unfinished() if name.startswith(".z.zarr")]
shutil.rmtree("out/" + names[0])
os.symlink(os.path.abspath("victim"), "out/" + names[0])
for name in (".unfinished", "v"):
    os.mkdir("victim/" + name)
job = run("s.py")
if job.returncode != 2 or "has gone, or is not what it has made" not in job.stderr:
    complain(f"a link where an unfinished store was: status {job.returncode} {job.stderr!r}")
for name in (".unfinished", "v"):
    os.rmdir("victim/" + name)
check_victim("a link where an unfinished store was")
run("--fresh", "s.py")
check_victim("a link where an unfinished store was, with --fresh")

# ---- killed while outputs are made, before the plan has begun
for count in (1, 2):
    for words in (["s.py"], ["--fresh", "s.py"]):
        fresh_folder()
        killed_run(f"rank=0 at=making count={count} signal=9")
        if len(unfinished()) != count:
            sys.exit(f"nothing is left: {unfinished()}")
        succeeds(f"killed with {count} outputs made, then {words}", *words)

# ---- an unfinished output that has gone, or is another file now: told before anything is computed
with open("s.py", "w") as file:   # uncompressed values are written in place
    file.write(SCRIPT.replace('"zlib": True, "chunksizes": (10, 200)', '"zlib": False'))
for begin in (".o.nc", ".z.zarr"):
    for how in ("gone", "link"):
        fresh_folder()
        killed_run("rank=0 at=close signal=9")
        name = [name for name in unfinished() if name.startswith(begin)][0]
        os.rename("out/" + name, "gone")
        if how == "link":
            os.symlink("../gone", "out/" + name)
        refused(f"{begin} is {how}", "gone, or is not", "s.py")
        refused(f"{begin} is {how}", "gone, or is not", directory, command="resume")
        if how == "link":
            os.remove("out/" + name)
        os.rename("gone", "out/" + name)
        succeeds(f"{begin} was {how} and is back", "s.py")

if failures:
    sys.exit(f"{failures} failures")
print("what others have prepared is refused by name")
