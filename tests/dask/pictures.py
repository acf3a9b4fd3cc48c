"""Pictures of graphs: .visualize in a script, `rankine plan --graph` of delayed calls and of arrays, and what cannot be drawn.

    pictures.py RANKINE SVG|DOT        (DOT: the program was built without Graphviz)
"""
import os
import re
import subprocess
import sys
import tempfile

rankine, ending = os.path.abspath(sys.argv[1]), sys.argv[2].lower()
DELAYED = """
from dask import delayed
@delayed
def inc(x): return x + 1
total = delayed(sum)([inc(i) for i in range(3)])
total.visualize("drawn.%s")
total.visualize("drawn.dot", rankdir="LR")
print(total.compute())
""" % ending
ARRAYS = """
import numpy as np, xarray as xr
da = xr.DataArray(np.arange(12.0).reshape(3, 4), dims=("y", "x"))
da.to_dataset(name="t").to_netcdf("in.nc")
ds = xr.open_dataset("in.nc")
print(ds["t"].mean().values)
"""
failures = 0


def check(what, condition, shown=""):
    global failures
    if not condition:
        failures += 1
        print("FAILED", what, shown)


def run(*words):
    done = subprocess.run([rankine, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def labels_in(path):
    with open(path) as file:
        text = file.read()
    return re.findall(r"<text[^>]*>([^<]*)</text>" if ending == "svg" else r'label="([^"]*)"', text)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for name, text in [("delayed.py", DELAYED), ("arrays.py", ARRAYS)]:
        with open(name, "w") as file:
            file.write(text)
    status, shown = run("run", "--quiet", "delayed.py")
    check("visualize", status == 0 and shown == "6\n", shown)
    check("labels", sorted(labels_in("drawn." + ending)) == ["inc", "inc", "inc", "sum"], labels_in("drawn." + ending))
    with open("drawn.dot") as file:
        text = file.read()
    check("dot", "rankdir=LR" in text and text.count("->") == 3, text)
    status, shown = run("plan", "--graph", "planned." + ending, "delayed.py")
    check("plan of delayed calls", status == 0 and "custom graph: 4 calls, 3 edges" in shown, shown)
    check("its labels", sorted(labels_in("planned." + ending)) == ["inc", "inc", "inc", "sum"])
    check("arrays", run("run", "--quiet", "arrays.py") == (0, "5.5\n"))
    status, shown = run("plan", "--graph", "arrays." + ending, "arrays.py")
    check("plan of arrays", status == 0 and any("mean" in label for label in labels_in("arrays-2." + ending)), shown)
    if ending == "svg":
        run("plan", "--graph", "planned.png", "delayed.py")
        with open("planned.png", "rb") as file:
            check("png", file.read(8) == b"\x89PNG\r\n\x1a\n")
    status, shown = run("plan", "--graph", "planned.jpeg", "delayed.py")
    check("another ending", status == 2 and "its ending must be .svg, .png, .pdf or .dot" in shown, shown)
    status, shown = run("plan", "--graph", "absent/planned.dot", "delayed.py")
    check("a folder that is not there", status == 4 and "cannot write the graph to" in shown, shown)
sys.exit(1 if failures else 0)
