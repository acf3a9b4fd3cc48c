"""hostile_inputs.py --rankine RANKINE [--only WORD]

Files that somebody else made: names that would move the cursor or forge lines, data that lie behind FIFOs or outside of their
folder, thousands of variables and attributes, other formats. Nothing hangs, nothing is shown as it stands, nothing is read that
--confine forbids.
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import xarray as xr
import zarr

MOST_SECONDS = 60  # walks that are not linear in the number of variables take many times as long
ESC = "\x1b[2J"
FORGED = "x\nrankine: done"


def run(rankine, words, cwd, seconds=MOST_SECONDS):
    done = subprocess.run([rankine, *words], cwd=cwd, capture_output=True, timeout=seconds)
    return done.returncode, done.stdout, done.stderr


def write(folder, name, text):
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)


def check_shown(streams, *wanted):
    text = b"".join(streams)
    for byte in range(32):
        assert byte in (9, 10) or bytes([byte]) not in text, f"control character {byte} in {text!r}"
    assert b"\nrankine: done" not in text and not text.startswith(b"rankine: done"), text
    for word in wanted:
        assert word.encode() in text, f"{word!r} is not in {text!r}"


def names_are_escaped(rankine, folder):
    with h5py.File(folder + "/names.h5", "w") as f:
        f.attrs[ESC + "attribute"] = "value" + ESC + "\r"
        f.attrs["forged"] = FORGED
        f.create_group(ESC + "group").create_dataset(FORGED, data=[1.0])
        scale = f.create_dataset(ESC + "dim", data=[1.0, 2.0])
        scale.make_scale(ESC + "dim")
        for name in (ESC + "v", FORGED):
            v = f.create_dataset(name, data=[1.0, 2.0])
            v.dims[0].attach_scale(scale)
            v.attrs["units"] = "K" + ESC
        f.create_dataset(FORGED + "pairs", data=np.zeros(1, [("a", "i4"), ("b", "i4")]))
    status, out, err = run(rankine, ["info", "names.h5"], folder)
    assert status == 0, err
    check_shown([out, err], "\\x1b[2Jv(\\x1b[2Jdim)", "x\\nrankine: done(", "\\x1b[2Jattribute", "\\x1b[2Jgroup", "value\\x1b[2J")
    write(folder, "missing.py", "import xarray as xr\nxr.open_dataset('names.h5').nothing\n")
    write(folder, "dims.py", "import xarray as xr\nxr.open_dataset('names.h5').mean('nothing').to_netcdf('o.nc')\n")
    write(folder, "copy.py", "import xarray as xr\n(xr.open_dataset('names.h5') * 2).to_netcdf('o.nc')\n")
    for words in (["run", "missing.py"], ["run", "dims.py"], ["plan", "copy.py"], ["run", "-v", "--log-file", "log.txt", "copy.py"]):
        status, out, err = run(rankine, words, folder)
        check_shown([out, err])
    check_shown([open(folder + "/log.txt", "rb").read()], "x\\nrankine: donepairs")
    bad = folder + "/" + ESC + "\n.nc"
    write(folder, ESC + "\n.nc", "no NetCDF")
    status, out, err = run(rankine, ["info", bad], folder)
    assert status == 3
    check_shown([out, err], "\\x1b[2J\\n.nc")
    write(folder, "own.py", "print('a\\x1b[1mb')\n")
    assert run(rankine, ["run", "-q", "own.py"], folder)[1] == b"a\x1b[1mb\n", "a script's own print is its own"


def external_file(path, name):
    with h5py.File(path, "w") as f:
        f.create_dataset("v", (4,), "f4", external=[(name, 0, h5py.h5f.UNLIMITED)])


def virtual_file(path, name):
    with h5py.File(path, "w") as f:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource(name, "v", (4,))
        f.create_virtual_dataset("v", layout, fillvalue=-1)


READ = "import sys\nimport xarray as xr\nprint(xr.open_dataset(sys.argv[1]).v.values.tolist())\n"


def what_is_no_file_is_refused(rankine, folder):
    write(folder, "read.py", READ)
    os.mkfifo(folder + "/fifo")
    external_file(folder + "/external.h5", "fifo")
    virtual_file(folder + "/virtual.h5", "fifo")
    virtual_file(folder + "/device.h5", "/dev/zero")
    virtual_file(folder + "/behind.h5", "virtual.h5")
    for name, kind in (("external.h5", "a FIFO"), ("virtual.h5", "a FIFO"), ("device.h5", "a device"), ("behind.h5", "a FIFO"),
                       ("fifo", "a FIFO"), ("/dev/null", "a device")):
        status, out, err = run(rankine, ["run", "-q", "read.py", name], folder, 30)
        assert status in (1, 3) and out == b"" and kind.encode() in err, (name, status, out, err)
    status, out, err = run(rankine, ["info", "fifo"], folder, 30)
    assert status == 3 and b"a FIFO" in err, err


def confined_runs_stay_inside(rankine, folder):
    inside, outside = folder + "/inside", folder + "/outside"
    os.makedirs(inside)
    os.makedirs(outside)
    write(inside, "read.py", READ)
    for place in (inside, outside):
        np.arange(4, dtype="f4").tofile(place + "/raw.bin")
        with h5py.File(place + "/source.h5", "w") as f:
            f.create_dataset("v", data=np.arange(4, dtype="f4"))
    external_file(inside + "/near_external.h5", "raw.bin")
    external_file(inside + "/far_external.h5", outside + "/raw.bin")
    virtual_file(inside + "/near_virtual.h5", "source.h5")
    virtual_file(inside + "/far_virtual.h5", outside + "/source.h5")
    os.symlink(outside + "/source.h5", inside + "/link.h5")
    virtual_file(inside + "/linked_virtual.h5", "link.h5")
    store = zarr.open_group(inside + "/linked.zarr", mode="w")
    v = store.create_dataset("v", data=np.arange(4, dtype="f4"), chunks=4, compressor=None, fill_value=None)
    v.attrs["_ARRAY_DIMENSIONS"] = ["x"]
    os.rename(inside + "/linked.zarr/v/0", outside + "/chunk")
    os.symlink(outside + "/chunk", inside + "/linked.zarr/v/0")
    os.rename(outside + "/source.h5", outside + "/elsewhere.h5")
    os.symlink(outside + "/elsewhere.h5", outside + "/source.h5")
    values = b"[0.0, 1.0, 2.0, 3.0]\n"
    for name in ("near_external.h5", "near_virtual.h5"):
        for words in ([], ["--confine"]):
            status, out, err = run(rankine, ["run", "-q", *words, "read.py", name], inside)
            assert status == 0 and out == values, (name, words, out, err)
    for name in ("far_external.h5", "far_virtual.h5", "linked_virtual.h5", "linked.zarr"):
        status, out, err = run(rankine, ["run", "-q", "read.py", name], inside)
        assert status == 0 and out == values, (name, out, err)
        status, out, err = run(rankine, ["run", "-q", "--confine", "read.py", name], inside)
        assert status in (1, 3) and out == b"" and b"--confine forbids" in err, (name, status, out, err)
        status, out, err = run(rankine, ["run", "-q", "--confine-roots", outside, "read.py", name], inside)
        assert status == 0 and out == values, (name, out, err)


def thousands_of_variables_and_attributes(rankine, folder):
    with h5py.File(folder + "/variables.h5", "w", libver="latest") as f:
        for i in range(20000):
            f.create_dataset(f"v{i}", (1,), "f4")
    with h5py.File(folder + "/attributes.h5", "w", libver="latest") as f:
        v = f.create_dataset("v", data=[1.0])
        for i in range(65535):
            v.attrs[f"a{i}"] = i
    with h5py.File(folder + "/dims.h5", "w", libver="latest") as f:
        for i in range(1000):
            f.create_dataset(f"d{i}", data=[float(i)]).make_scale(f"d{i}")
            f.create_dataset(f"w{i}", data=[float(i)]).dims[0].attach_scale(f[f"d{i}"])
    write(folder, "count.py", "import sys\nimport xarray as xr\nds = xr.open_dataset(sys.argv[1])\nprint(len(ds.data_vars))\n")
    write(folder, "attrs.py", "import xarray as xr\nds = xr.open_dataset('attributes.h5')\nprint(len(ds.v.attrs), ds.v.attrs['a65534'])\n")
    for words, expected in ((["count.py", "variables.h5"], b"20000\n"), (["attrs.py"], b"65535 65534\n"), (["count.py", "dims.h5"], b"1000\n")):
        status, out, err = run(rankine, ["run", "-q", *words], folder)
        assert status == 0 and out == expected, (words, out, err)
    status, out, err = run(rankine, ["info", "variables.h5"], folder)
    assert status == 0 and out.count(b"\n  float32 v") == 20000, err


def an_end_is_heard_while_files_are_opened(rankine, folder):
    with h5py.File(folder + "/variables.h5", "w", libver="latest") as f:
        for i in range(20000):
            f.create_dataset(f"v{i}", (1,), "f4")
    write(folder, "open.py", "import xarray as xr\nprint('begun')\nfor n in range(400):\n    xr.open_dataset('variables.h5')\n")
    with subprocess.Popen([rankine, "run", "-q", "open.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=MOST_SECONDS)
        assert process.returncode != 0, "it went on to the end"


def engines_and_formats(rankine, folder):
    xr.Dataset({"v": ("x", np.arange(2.0))}).to_netcdf(folder + "/four.nc")
    xr.Dataset({"v": ("x", np.arange(2.0))}).to_netcdf(folder + "/three.nc", format="NETCDF3_CLASSIC")
    xr.Dataset({"v": ("x", np.arange(2.0))}).to_zarr(folder + "/store.zarr")
    with open(folder + "/weather.grib", "wb") as file:
        file.write(b"GRIB\0\0\x50\1" + bytes(100))
    write(folder, "open.py", "import sys\nimport xarray as xr\nprint(xr.open_dataset(sys.argv[1], engine=sys.argv[2] if len(sys.argv) > 2 "
                             "else None).v.values.tolist())\n")
    write(folder, "zarr.py", "import sys\nimport xarray as xr\nprint(xr.open_zarr(sys.argv[1]).v.values.tolist())\n")
    reads = {"netcdf4": ("four.nc", "three.nc"), "h5netcdf": ("four.nc",), "scipy": ("three.nc",), "zarr": ("store.zarr",)}
    for engine, files in reads.items():
        for name in ("four.nc", "three.nc", "store.zarr"):
            status, out, err = run(rankine, ["run", "-q", "open.py", name, engine], folder)
            if name in files:
                assert status == 0 and out == b"[0.0, 1.0]\n", (engine, name, err)
            else:
                assert status == 3 and out == b"" and b"with engine='" + engine.encode() in err, (engine, name, status, err)
    for engine, word in (("cfgrib", b"cdo -f nc4 copy"), ("pydap", b"servers"), ("netcdf5", b"unrecognized engine netcdf5")):
        status, out, err = run(rankine, ["run", "-q", "open.py", "four.nc", engine], folder)
        assert status == 2 and word in err, (engine, status, err)
    for words in (["run", "-q", "open.py", "weather.grib"], ["info", "weather.grib"]):
        status, out, err = run(rankine, words, folder)
        assert status == 3 and b"it is a GRIB file" in err and b"grib_to_netcdf" in err, err
    status, out, err = run(rankine, ["run", "-q", "zarr.py", "four.nc"], folder)
    assert status == 3 and b"which reads Zarr stores" in err, err


CASES = [names_are_escaped, what_is_no_file_is_refused, confined_runs_stay_inside, thousands_of_variables_and_attributes,
         an_end_is_heard_while_files_are_opened, engines_and_formats]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rankine", required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    rankine = os.path.abspath(options.rankine)
    failed = False
    for case in CASES:
        if options.only not in case.__name__:
            continue
        with tempfile.TemporaryDirectory(prefix="rankine-hostile-") as folder:
            try:
                case(rankine, folder)
                print("ok    ", case.__name__)
            except Exception as error:
                failed = True
                print("FAILED", case.__name__, repr(error))
    return failed


if __name__ == "__main__":
    sys.exit(main())
