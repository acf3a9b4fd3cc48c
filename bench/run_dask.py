"""Runs a pipeline script under xarray with dask.distributed: run_dask.py WORKERS SCRIPT [WORD...]."""
import runpy
import sys
import warnings

from dask.distributed import Client

warnings.simplefilter("ignore")

if __name__ == "__main__":
    workers = int(sys.argv[1])
    sys.argv = sys.argv[2:]
    # One thread a worker: netCDF4 holds a lock while it decodes, so threads of one process would wait for it.
    with Client(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as client:
        runpy.run_path(sys.argv[0], run_name="__main__")
