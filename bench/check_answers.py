"""Prints the largest difference of each file's field from the first one's: check_answers.py TOLERANCE FILE...
Exit status 1 if one is larger than the tolerance, or if shapes or missing values differ."""
import sys

import netCDF4
import numpy as np


def field(path):
    with netCDF4.Dataset(path) as ds:
        variable = max((v for v in ds.variables.values() if v.ndim >= 2), key=lambda v: v.size)
        return np.ma.filled(np.ma.asarray(variable[:]).astype("f8"), np.nan).squeeze()


tolerance = float(sys.argv[1])
reference = field(sys.argv[2])
status = 0
if not np.isfinite(reference).any():
    print(f"{sys.argv[2]} has no finite value")
    status = 1
for path in sys.argv[3:]:
    other = field(path)
    if other.shape != reference.shape or not np.array_equal(np.isnan(other), np.isnan(reference)):
        print(f"{path}: shape {other.shape} or missing values unlike {sys.argv[2]}'s {reference.shape}")
        status = 1
        continue
    difference = np.nanmax(np.abs(other - reference))
    print(f"{difference:.2e}")
    status |= not difference <= tolerance
sys.exit(status)
