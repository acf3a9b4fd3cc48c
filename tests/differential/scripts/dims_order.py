import sys

import numpy as np
import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
pair = ds[["tas", "pr"]]
wet = (ds.pr > 2).groupby("time.year").sum("time")
months = (pair * ds.time.dt.days_in_month).groupby("time.season").sum("time")
one = ds.tas.isel(time=[0]).rename("first")
made = xr.Dataset({"b": (("y", "z"), np.zeros((2, 3))), "a": (("x", "y"), np.ones((4, 2)))}, coords={"z": [1, 2, 3]})
datasets = [
    ds, pair, months, xr.Dataset({"n": wet, "m": ds.pr.mean("time")}), xr.merge([months, one]), xr.merge([one, months]),
    xr.Dataset({"z": one.mean("time"), "t": ds.tas.isel(lat=0, lon=0, drop=True)}), pair.groupby("time.month").mean(),
    pair.groupby("time.month").mean("time"), pair.resample(time="MS").mean(), pair.mean("time"), pair.mean("lat"), pair.isel(time=0),
    pair.isel(lat=[0]), pair.sel(lat=slice(80, 0)), pair + pair, pair * ds.lat, ds.lat * pair, ds.lat[::-1] - pair, (made.b * made), made.b.isel(y=0) - made, pair + 1, np.sqrt(pair), pair.where(ds.lat > 0),
    pair.fillna(0), pair.isnull(), pair.astype("float64"), -pair, pair.clip(0, 1), pair.round(1),
    pair.assign(c=ds.lat * 2), pair.assign(c=wet), pair.assign_coords(band=3), pair.expand_dims("band"),
    pair.expand_dims({"band": [1, 2]}), pair.expand_dims(band=2), pair.squeeze(),
    pair.rename(lat="y"), pair.drop_vars("lat"), one.to_dataset(), wet.to_dataset(name="w"), wet.to_dataset(name="w").mean("lat"),
    pair.weighted(np.cos(np.deg2rad(ds.lat))).mean("lat"), made, made.mean("y"), made.isel(z=0), made.expand_dims("w"),
    xr.merge([made, made.rename(a="c")]), xr.concat([made, made], dim="x"), xr.concat([made, made], dim="w"), made.sortby("z"),
    made.rename(x="q"), made[["a"]], made.assign(c=("y", [1, 2])),
]
for number, dataset in enumerate(datasets):
    print(number, list(dataset.sizes), list(dataset.dims), list(dataset.coords), list(dataset.data_vars))
    print(str(dataset).splitlines()[1], [dataset[name].dims for name in dataset.data_vars])
print(wet.dims, list(wet.coords))
