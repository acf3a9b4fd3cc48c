"""Are outputs what other programs read? outputs.py --rankine RANKINE --inputs FOLDER --work FOLDER

One script writes a variable in every format. ncdump names the format; CDO, h5dump, h5py, netCDF4, xarray and zarr
read each file that is theirs, and the values are those of the input, bit for bit.
"""
import argparse
import os
import shutil
import subprocess
import sys

import h5py
import netCDF4
import numpy as np
import xarray as xr
import zarr

SCRIPT = """import sys
import xarray as xr
ds = xr.open_dataset(sys.argv[1])[["pr"]]
for form in ("NETCDF4", "NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF3_64BIT_DATA"):
    ds.to_netcdf(sys.argv[2] + "/" + form + ".nc", format=form)
ds.to_netcdf(sys.argv[2] + "/compressed.nc", encoding={"pr": {"zlib": True, "complevel": 1, "fletcher32": True}})
ds.transpose("lon", "lat", "time").to_netcdf(sys.argv[2] + "/turned.nc")
ds.to_zarr(sys.argv[2] + "/v2.zarr", mode="w")
"""
KINDS = {"NETCDF4": "netCDF-4", "NETCDF4_CLASSIC": "netCDF-4 classic model", "NETCDF3_CLASSIC": "classic",
         "NETCDF3_64BIT": "64-bit offset", "NETCDF3_64BIT_DATA": "cdf5", "compressed": "netCDF-4", "turned": "netCDF-4"}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"exit status {done.returncode} of {' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def require(condition, what):
    if not condition:
        sys.exit(what)


def main():
    parser = argparse.ArgumentParser()
    for name in ("rankine", "inputs", "work"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    os.makedirs(options.work)
    source = options.inputs + "/daily.nc"
    script = options.work + "/script.py"
    with open(script, "w") as file:
        file.write(SCRIPT)
    run(options.rankine, "run", "--quiet", script, source, options.work)
    with xr.open_dataset(source) as ds:
        expected = ds.pr.transpose("time", "lat", "lon").values
    for name, kind in KINDS.items():
        path = f"{options.work}/{name}.nc"
        turn = (2, 1, 0) if name == "turned" else (0, 1, 2)
        require(run("ncdump", "-k", path).strip() == kind, f"ncdump calls {path} something else than {kind}")
        require("pr =" in run("ncdump", "-v", "pr", path), f"ncdump does not show pr of {path}")
        if shutil.which("cdo") and name != "turned":
            require("pr" in run("cdo", "-s", "infon", path), f"CDO does not see pr of {path}")
            require(run("cdo", "-s", "diffn", "-selname,pr", source, path).strip() == "", f"CDO finds {path} different")
        with netCDF4.Dataset(path) as file:
            require(np.array_equal(file["pr"][:].filled(np.nan).transpose(turn), expected, equal_nan=True), f"netCDF4 reads other values in {path}")
        with xr.open_dataset(path) as ds:
            require(np.array_equal(ds.pr.values.transpose(turn), expected, equal_nan=True), f"xarray reads other values in {path}")
        if kind.startswith("netCDF-4"):
            if shutil.which("h5dump"):
                require('DATASET "/pr"' in run("h5dump", "-d", "/pr", path), f"h5dump does not show pr of {path}")
            with h5py.File(path) as file:
                require(np.array_equal(file["pr"][()].transpose(turn), expected, equal_nan=True), f"h5py reads other values in {path}")
    store = zarr.open_consolidated(options.work + "/v2.zarr", mode="r")
    require(np.array_equal(store["pr"][...], expected, equal_nan=True), "zarr reads other values in v2.zarr")


if __name__ == "__main__":
    main()
