"""`rankine check` lets all scripts through that run, and refuses those that do not, before anything has been computed.

    checked.py --rankine build/bin/rankine --inputs DIR [--data DIR] [--work DIR]
"""
import argparse
import glob
import json
import os
import subprocess
import sys

import compare

EXAMPLES = os.path.join(compare.HERE, "..", "..", "examples")
# Refused for what a file is to be written as, because it cannot be opened or decoded, or for how many blocks a plan would have:
# when the line runs.
WHEN_IT_RUNS = {"engine_of_other_format", "half_floats_written", "missing_file", "more_bytes_than_there_are", "no_such_output_folder",
                "several_scale_factors", "text_scale_factor_written", "time_units_of_nothing", "too_many_blocks"}


def check(options, paths, words):
    """The report of each script, by path; the exit status."""
    command = [options.rankine, "check", "--json", *paths, "--", *words]
    done = subprocess.run(command, cwd=options.work, capture_output=True, text=True, timeout=200)
    if done.returncode not in (0, 2):
        sys.exit(f"exit status {done.returncode}: {done.stderr.strip()[-2000:]}")
    return {report["script"]: report for report in json.loads(done.stdout)["scripts"]}, done.returncode


def lines(report):
    return [f"{one['line']}:{one['column']}: {one['message']}" for one in report["refusals"]]


SEVERAL = """import xarray as xr
ds = xr.open_dataset("{inputs}/daily.nc")
print(float(ds.tas.mean()))
a = ds.tas.tail(time=3)
groups = ds.tas.groupby(ds.tas.isel(time=0))
if float(ds.tas.max()) > 3:
    for i in range(2):
        ds = ds.isel(time=slice(1, None))
"""
TOLD = """several.py:4:12: 'tail' of DataArray is not supported
    a = ds.tas.tail(time=3)
               ^
    instead of
        result = da.tail(time=3)
    write
        result = da.isel(time=slice(-3, None))
several.py:5:17: groupby needs a 1-d key, but 'tas' has the dims 'lat', 'lon'
    groups = ds.tas.groupby(ds.tas.isel(time=0))
                    ^
several.py: 10 of 12 calls supported, 2 things not there
right.py: 1 of 1 calls supported
ends.py: 4 of 4 calls supported; from line 3 on, what happens depends on values: names alone were looked at there
absent.py: 2 of 2 calls supported
note: absent.py:2: cannot open {work}/absent.nc: No such file or directory; check the path and the directory that the job runs in; of what depends on it, names alone were looked at
(words for the script follow after --: rankine check SCRIPT -- WORD...)
words.py: 0 of 0 calls supported
note: words.py:2: IndexError: list index out of range; of what depends on it, names alone were looked at
(words for the script follow after --: rankine check SCRIPT -- WORD...)
"""


def check_text(options):
    """What is printed for people."""
    texts = {"several.py": SEVERAL.format(inputs=options.inputs), "right.py": "print(3)\n",
             "ends.py": "import time\nstart = time.time()\nif start > 3:\n    parts = []\n    parts.append(start)\nprint(len('abc'))\n",
             "absent.py": "import xarray as xr\nds = xr.open_dataset('absent.nc')\nprint(ds.t)\n",
             "words.py": "import sys\nname = sys.argv[1]\n"}
    for name, text in texts.items():
        with open(os.path.join(options.work, name), "w") as file:
            file.write(text)
    missing = "rankine: cannot read the script 'missing.py': No such file or directory\n"
    done = subprocess.run([options.rankine, "check", "missing.py", *texts], cwd=options.work, capture_output=True, text=True, timeout=100)
    return [] if (done.returncode, done.stdout, done.stderr) == (2, TOLD.replace("{work}", options.work), missing) else [f"check ends with {done.returncode} and prints\n{done.stdout}{done.stderr}"]


def computes_first(path, work):
    """A copy of a script that prints a computed value before each of its statements below the opening of a file."""
    with open(path) as file:
        text = file.readlines()
    opened = [i for i, line in enumerate(text) if line.startswith("ds = xr.open_dataset")]
    at = opened[0] + 1 if opened else len(text)
    copy = os.path.join(work, os.path.basename(path))
    with open(copy, "w") as file:
        file.writelines(text[:at] + ["print('computed', float(ds[list(ds.data_vars)[0]].mean()))\n"] * bool(opened) + text[at:])
    return copy


def main():
    parser = argparse.ArgumentParser(description="check that checks are right")
    parser.add_argument("--rankine", required=True)
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--data", default=os.path.join(compare.HERE, "..", "..", "..", "shared", "data"))
    parser.add_argument("--work", default="checked-work")
    options = parser.parse_args()
    for name in ("rankine", "inputs", "data", "work"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    output = os.path.join(compare.fresh_folder(options.work), "out")
    os.makedirs(output)
    words = [options.inputs, output, options.data]
    wrong, all_reports = check_text(options), {}

    paths = sorted(glob.glob(os.path.join(compare.HERE, "scripts", "*.py")) + glob.glob(os.path.join(compare.HERE, "..", "dask", "scripts", "*.py")))
    examples = sorted(path for path in glob.glob(os.path.join(EXAMPLES, "*.py")) if not os.path.basename(path).startswith("plot_"))
    for group, arguments in ((paths, words), (examples, ["no_such_input.nc", os.path.join(output, "out.nc")])):
        reports, status = check(options, group, arguments)
        all_reports.update(reports)
        for path, report in reports.items():
            if report["refusals"] or report["supported_calls"] != report["calls"] or report["calls"] == 0:
                wrong.append(f"{path} runs and is refused: {report}")
        if status != 0:
            wrong.append(f"exit status {status} for scripts that run")
    whole = [path for path in paths if "unknown_from_line" not in all_reports[path]]
    print(f"{len(paths)} scripts and {len(examples)} examples are let through; {len(whole)} of the scripts are walked through to their end")
    if os.listdir(output):
        wrong.append(f"outputs are written: {os.listdir(output)}")

    refused = sorted(glob.glob(os.path.join(compare.HERE, "refused", "*.py")))
    for path in refused:
        script = compare.Script(path)
        if script.name in WHEN_IT_RUNS:
            continue
        copy = computes_first(path, options.work)
        status, text, errors = compare.run([options.rankine, "run", "--quiet", copy, *words], options.work, 100)
        if status != 2 or script.refused[1] not in errors or text != "":
            wrong.append(f"{script.name}: status {status}, printed {text!r}, told {errors.strip()[-500:]!r}")
        reports, status = check(options, [path], words)
        if status != 2 or not any(script.refused[1] in line for line in lines(reports[path])):
            wrong.append(f"{script.name}: check ends with {status} and tells {lines(reports[path])}")
    print(f"{len(refused) - len(WHEN_IT_RUNS)} scripts are refused before they have computed anything")
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
