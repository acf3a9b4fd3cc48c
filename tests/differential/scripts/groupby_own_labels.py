import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc").isel(time=slice(0, 40))
ds = ds[["tas"]].assign(fixed=("lat", np.arange(ds.sizes["lat"]) * 1.0)).sortby("lat")
down = ds.sortby("lat", ascending=False)


def tell(label, make):
    try:
        result = make()
    except ValueError:
        print(label, "ValueError")
        return
    print(label, result.dims, result.values.mean().round(1))


tell("over the label's own dim", lambda: ds.tas.groupby("lat").mean())
tell("over it and another", lambda: ds.tas.groupby("lat").mean(["time", "lat"]))
tell("of a dataset", lambda: ds.groupby("lat").mean().tas)
tell("over another", lambda: ds.tas.groupby("lat").mean("time"))
tell("over all", lambda: ds.tas.groupby("lat").max(...))
tell("by time", lambda: ds.tas.groupby("time").max("lat"))
tell("kept", lambda: ds.tas.groupby("lat", squeeze=False).mean())
tell("falling", lambda: down.tas.groupby("lat").mean())
print([(float(label), part.dims) for label, part in ds.tas.groupby("lat")])
print([(float(label), part.dims) for label, part in ds.tas.groupby("lat", squeeze=False)])
print([(float(label), part.dims) for label, part in down.tas.groupby("lat")])
ds.groupby("lat").mean("time").to_netcdf(output + "/means.nc")
ds.groupby("lat").std(...).to_netcdf(output + "/deviations.nc")
