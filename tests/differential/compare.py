"""Runs pipeline scripts under xarray and under Rankine and compares everything they print and write.

    compare.py --rankine build/bin/rankine [--ranks 1,3] [--inputs DIR] [--work DIR] [SCRIPT...]

Without scripts: all in scripts/ and refused/. Each script gets sys.argv[1:] = inputs, output folder, folder of real
files. Lines at the top of a script may say
    # needs: climate/nrcan.nc          a real file; without it the script is skipped
    # tolerance: rtol=1e-6 atol=1e-5   for float values, where rounding may differ for a reason the script names;
                                       otherwise float32 may differ by 2 and float64 by 64 units in the last place
    # times: exact                     times must be the same numbers with the same units, not only the same dates
    # refused: 2 TEXT                  (in refused/) Rankine's exit status and a part of its message
The oracle is xarray with float32 reductions accumulated in double (run_xarray.py). Exit status 1 if anything
differs; --oracle-only checks that the scripts run under xarray at all.
"""
import argparse
import glob
import os
import re
import shlex
import shutil
import subprocess
import sys

import cftime
import numpy as np
import xarray as xr

HERE = os.path.dirname(os.path.abspath(__file__))
# Provenance and storage hints; times are compared as dates, wherever they count from.
IGNORED_ATTRIBUTES = {"history", "_NCProperties", "_ChunkSizes"}
F32_ULPS = 2
# Double has no wider type to be rounded from once, and the order of summation may differ.
F64_ULPS = 64


class Script:
    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.needs, self.refused, self.rtol, self.atol, self.exact_times = [], None, 0.0, 0.0, False
        with open(path) as file:
            for line in file:
                if not line.startswith("#"):
                    break
                key, _, value = line[1:].partition(":")
                key, value = key.strip(), value.strip()
                if key == "needs":
                    self.needs += value.split()
                elif key == "times":
                    self.exact_times = value == "exact"
                elif key == "refused":
                    status, _, text = value.partition(" ")
                    self.refused = (int(status), text)
                elif key == "tolerance":
                    for part in value.split():
                        name, _, number = part.partition("=")
                        setattr(self, {"rtol": "rtol", "atol": "atol"}[name], float(number))


def run(command, cwd, timeout_s):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_mpi_yield_when_idle="1", PYTHONDONTWRITEBYTECODE="1")
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return -1, "", f"not finished after {timeout_s} s"


def describe(command, cwd):
    return f"cd {shlex.quote(cwd)} && " + " ".join(shlex.quote(word) for word in command)


def ulps_apart(got, expected, dtype):
    """Distance in units in the last place; 0 where both are NaN or equal."""
    signed, unsigned = {2: (np.int16, np.uint16), 4: (np.int32, np.uint32), 8: (np.int64, np.uint64)}[
        np.dtype(dtype).itemsize]
    lowest = np.iinfo(signed).min

    def ordered(values):
        """Bits whose order as integers is that of the floats; -0 and 0 are one."""
        bits = np.ascontiguousarray(values, dtype).view(signed)
        return np.where(bits < 0, lowest - bits, bits)

    a, b = ordered(got), ordered(expected)
    # In unsigned arithmetic the difference of two integers that are far apart cannot overflow.
    distance = np.where(a > b, a.view(unsigned) - b.view(unsigned), b.view(unsigned) - a.view(unsigned))
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return np.where(same, 0, distance)


def native(values):
    values = np.asarray(values)
    return values.astype(values.dtype.newbyteorder("="))


def same_dtype(a, b):
    a, b = np.dtype(a), np.dtype(b)
    if a.kind in "OSU" and b.kind in "OSU":
        return True
    return (a.kind, a.itemsize) == (b.kind, b.itemsize)


def same_attribute(a, b):
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    a, b = np.asarray(a), np.asarray(b)
    if a.size != b.size or a.dtype.kind != b.dtype.kind:
        return False
    return bool(np.all((a.ravel() == b.ravel()) | ((a.ravel() != a.ravel()) & (b.ravel() != b.ravel()))))


def is_time(attributes):
    return " since " in str(attributes.get("units", ""))


def as_dates(variable):
    """Raw numbers of a time variable as (year, month, day, h, m, s, us), whatever their units."""
    calendar = str(variable.attrs.get("calendar", "standard"))
    values = np.asarray(variable.values).ravel()
    fill = variable.attrs.get("_FillValue")
    dates = []
    for value in values:
        if value != value or (fill is not None and value == fill):
            dates.append(None)
            continue
        date = cftime.num2date(value, str(variable.attrs["units"]), calendar, only_use_cftime_datetimes=True)
        us = round(date.microsecond, -3)  # xarray encodes to the nearest millisecond or worse
        dates.append((date.year, date.month, date.day, date.hour, date.minute, date.second, us))
    return dates


CALENDAR_ALIASES = {"gregorian": "standard", "365_day": "noleap", "366_day": "all_leap",
                    # The two are the same after 1582, and xarray writes the former for the latter.
                    "proleptic_gregorian": "standard"}


def calendar_of(variable):
    name = str(variable.attrs.get("calendar", "standard")).lower()
    return CALENDAR_ALIASES.get(name, name)


class Comparison:
    def __init__(self, script):
        self.script = script
        self.mismatches = []

    def say(self, text):
        self.mismatches.append(text)

    def values(self, where, got, expected):
        got, expected = native(got), native(expected)
        if got.dtype.kind == "f":
            if not np.array_equal(np.isnan(got), np.isnan(expected)):
                wrong = np.argwhere(np.isnan(got) != np.isnan(expected))
                return self.say(f"{where}: NaN at other places, {len(wrong)} of {got.size}, first at {tuple(wrong[0])}: "
                                f"{got[tuple(wrong[0])]} instead of {expected[tuple(wrong[0])]}")
            distance = ulps_apart(got, expected, got.dtype)
            allowed = F64_ULPS if got.dtype.itemsize == 8 else F32_ULPS
            with np.errstate(invalid="ignore"):
                tolerated = np.abs(got - expected) <= self.script.atol + self.script.rtol * np.abs(expected)
            wrong = np.argwhere((distance > allowed) & ~tolerated)
        else:
            distance = None
            wrong = np.argwhere(np.atleast_1d(got != expected))
            got, expected = np.atleast_1d(got), np.atleast_1d(expected)
        if len(wrong):
            at = tuple(wrong[0])
            apart = f" ({distance[at]} ulp)" if distance is not None else ""
            self.say(f"{where}: {len(wrong)} of {got.size} values differ, first at {tuple(map(int, at))}: "
                     f"{got[at]!r} instead of {expected[at]!r}{apart}")

    def attributes(self, where, got, expected, time):
        names = (set(got) | set(expected)) - IGNORED_ATTRIBUTES
        for name in sorted(names):
            if time and name in ("units", "calendar", "_FillValue"):
                continue
            if name not in got:
                self.say(f"{where}: attribute {name} is missing, should be {expected[name]!r}")
            elif name not in expected:
                self.say(f"{where}: attribute {name} = {got[name]!r} should not be there")
            elif name == "coordinates":
                if sorted(str(got[name]).split()) != sorted(str(expected[name]).split()):
                    self.say(f"{where}: coordinates {got[name]!r} instead of {expected[name]!r}")
            elif not same_attribute(got[name], expected[name]):
                self.say(f"{where}: attribute {name} is {got[name]!r} instead of {expected[name]!r}")

    def variable(self, where, got, expected):
        if got.dims != expected.dims:
            return self.say(f"{where}: dims {got.dims} instead of {expected.dims}")
        if got.shape != expected.shape:
            return self.say(f"{where}: shape {got.shape} instead of {expected.shape}")
        time = is_time(expected.attrs) and is_time(got.attrs) and not self.script.exact_times
        self.attributes(where, got.attrs, expected.attrs, time)
        if time:
            if calendar_of(got) != calendar_of(expected):
                self.say(f"{where}: calendar {calendar_of(got)} instead of {calendar_of(expected)}")
            got_dates, expected_dates = as_dates(got), as_dates(expected)
            wrong = [i for i, (a, b) in enumerate(zip(got_dates, expected_dates)) if a != b]
            if wrong:
                self.say(f"{where}: {len(wrong)} times differ, first at {wrong[0]}: {got_dates[wrong[0]]} instead of "
                         f"{expected_dates[wrong[0]]}")
            return
        if not same_dtype(got.dtype, expected.dtype):
            self.say(f"{where}: dtype {got.dtype} instead of {expected.dtype}")
            if got.dtype.kind != expected.dtype.kind:
                return
        self.values(where, got.values, expected.values)

    def store(self, name, got_path, expected_path):
        def both(**decode):
            if expected_path.endswith(".zarr"):
                return xr.open_zarr(got_path, **decode), xr.open_zarr(expected_path, **decode)
            return (xr.open_dataset(got_path, engine="netcdf4", **decode),
                    xr.open_dataset(expected_path, engine="netcdf4", **decode))

        got, expected = both(decode_cf=False, mask_and_scale=False)
        with got, expected:
            if dict(got.sizes) != dict(expected.sizes):
                self.say(f"{name}: dims {dict(got.sizes)} instead of {dict(expected.sizes)}")
            missing = sorted(set(expected.variables) - set(got.variables))
            extra = sorted(set(got.variables) - set(expected.variables))
            if missing or extra:
                self.say(f"{name}: variables missing: {missing}, not to be there: {extra}")
            # xarray also writes those that no variable has any more.
            unlimited = [set(ds.encoding.get("unlimited_dims", ())) & set(ds.sizes) for ds in (got, expected)]
            if unlimited[0] != unlimited[1]:
                self.say(f"{name}: unlimited dims {unlimited[0]} instead of {unlimited[1]}")
            self.attributes(name, got.attrs, expected.attrs, False)
            for variable in sorted(set(expected.variables) & set(got.variables)):
                self.variable(f"{name}:{variable}", got.variables[variable], expected.variables[variable])
        # As a user sees it: which are coordinates, which dtypes the times have.
        got, expected = both()
        with got, expected:
            if set(got.coords) != set(expected.coords):
                self.say(f"{name}: coordinates {sorted(got.coords)} instead of {sorted(expected.coords)}")
            for index in set(expected.indexes) & set(got.indexes):
                a, b = got.indexes[index], expected.indexes[index]
                if type(a) is not type(b):
                    self.say(f"{name}: index {index} is a {type(a).__name__} instead of a {type(b).__name__}")

    def printed(self, got, expected):
        got, expected = got.splitlines(), expected.splitlines()
        for i in range(max(len(got), len(expected))):
            a = got[i] if i < len(got) else "(nothing)"
            b = expected[i] if i < len(expected) else "(nothing)"
            if a != b:
                return self.say(f"printed line {i + 1}: {a!r} instead of {b!r}")

    def outputs(self, got_folder, expected_folder):
        got, expected = sorted(os.listdir(got_folder)), sorted(os.listdir(expected_folder))
        if got != expected:
            self.say(f"outputs {got} instead of {expected}")
        for name in expected:
            if name not in got:
                continue
            try:
                self.store(name, os.path.join(got_folder, name), os.path.join(expected_folder, name))
            except Exception as error:  # an unreadable output is a mismatch like any other
                self.say(f"{name}: cannot be read and compared: {type(error).__name__}: {error}")


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    return path


def rankine_command(options, ranks, script, words):
    command = [options.rankine, "run", "--quiet", script.path, *words]
    if ranks == 1:
        return command
    return [options.mpirun, "-n", str(ranks), *options.mpirun_flags.split(), *command]


def check_refused(options, script, ranks, folder):
    output = fresh_folder(os.path.join(folder, f"rankine{ranks}"))
    command = rankine_command(options, ranks, script, [options.inputs, output, options.data])
    status, _, errors = run(command, folder, options.timeout_s)
    comparison = Comparison(script)
    wanted, text = script.refused
    if status != wanted:
        comparison.say(f"exit status {status} instead of {wanted}: {errors.strip()[-500:]}")
    if text not in errors:
        comparison.say(f"the message is {errors.strip()[-500:]!r} and does not say {text!r}")
    if wanted == 2 and not re.search(re.escape(script.name) + r"\.py(:\d+:\d+: |\", line \d+, in )", errors):
        comparison.say(f"the message names no {script.name}.py:LINE:COLUMN: {errors.strip()[-500:]!r}")
    if os.listdir(output):
        comparison.say(f"outputs are left: {os.listdir(output)}")
    return comparison, command


def check_script(options, script, folder):
    """Yields (label, mismatches, command to repeat)."""
    if script.refused:
        for ranks in options.ranks if not options.oracle_only else []:
            comparison, command = check_refused(options, script, ranks, folder)
            yield f"{ranks} rank(s)", comparison.mismatches, describe(command, folder)
        return
    expected = fresh_folder(os.path.join(folder, "xarray"))
    command = [sys.executable, os.path.join(HERE, "run_xarray.py"), script.path, options.inputs, expected, options.data]
    status, expected_text, errors = run(command, folder, options.timeout_s)
    if status != 0:
        yield "xarray", [f"exit status {status}: {errors.strip()[-1500:]}"], describe(command, folder)
        return
    if options.oracle_only:
        empty = [] if os.listdir(expected) or expected_text else ["the script neither prints nor writes anything"]
        yield "xarray", empty, describe(command, folder)
        return
    for ranks in options.ranks:
        output = fresh_folder(os.path.join(folder, f"rankine{ranks}"))
        command = rankine_command(options, ranks, script, [options.inputs, output, options.data])
        status, text, errors = run(command, folder, options.timeout_s)
        comparison = Comparison(script)
        if status != 0:
            comparison.say(f"exit status {status}: {errors.strip()[-1500:]}")
        else:
            comparison.printed(text, expected_text)
            comparison.outputs(output, expected)
        yield f"{ranks} rank(s)", comparison.mismatches, describe(command, folder)


def main():
    parser = argparse.ArgumentParser(description="compare Rankine with xarray")
    parser.add_argument("--rankine", default="build/bin/rankine")
    parser.add_argument("--ranks", default="1,3", help="numbers of MPI ranks; 1 runs without mpirun")
    parser.add_argument("--mpirun", default="mpirun")
    parser.add_argument("--mpirun-flags", default="--oversubscribe --bind-to none --quiet")
    parser.add_argument("--inputs", default="differential-inputs", help="made by make_inputs.py if absent")
    parser.add_argument("--work", default="differential-work")
    parser.add_argument("--data", default=os.path.join(HERE, "..", "..", "..", "shared", "data"), help="real files")
    parser.add_argument("--timeout-s", type=float, default=120)
    parser.add_argument("--oracle-only", action="store_true")
    parser.add_argument("scripts", nargs="*")
    options = parser.parse_args()
    options.ranks = [int(r) for r in options.ranks.split(",")]
    options.rankine, options.inputs = os.path.abspath(options.rankine), os.path.abspath(options.inputs)
    options.data = os.path.abspath(options.data)
    if not os.path.isdir(options.inputs):
        subprocess.run([sys.executable, os.path.join(HERE, "make_inputs.py"), options.inputs], check=True)

    paths = options.scripts or sorted(glob.glob(os.path.join(HERE, "scripts", "*.py")) +
                                      glob.glob(os.path.join(HERE, "refused", "*.py")))
    same = different = skipped = 0
    for path in paths:
        script = Script(os.path.abspath(path))
        absent = [need for need in script.needs if not os.path.exists(os.path.join(options.data, need))]
        if absent:
            print(f"skipped    {script.name}: {', '.join(absent)} not in {options.data}")
            skipped += 1
            continue
        folder = os.path.abspath(os.path.join(options.work, script.name))
        os.makedirs(folder, exist_ok=True)
        failed = False
        for label, mismatches, command in check_script(options, script, folder):
            if not mismatches:
                continue
            failed = True
            print(f"different  {script.name}, {label}")
            for mismatch in mismatches:
                print(f"    {mismatch}")
            print(f"    repeat with: {command}")
        different += failed
        same += not failed
        if not failed:
            print(f"same       {script.name}")
    print(f"{same} the same, {different} different, {skipped} skipped")
    # 77 is what CTest takes for a skip, when a skip is all there was.
    return 1 if different else 77 if skipped and not same else 0


if __name__ == "__main__":
    sys.exit(main())
