# needs: climate/nrcan.nc
#!/usr/bin/env python3
"""A table of regional means, with the loops and functions that such scripts have."""
import os
import sys

import numpy as np
import xarray as xr

REGIONS = {
    "north": dict(lat=slice(50, 46)),
    "south": {"lat": slice(46, 40)},
}


def centigrade(da, offset=273.15, *, units="degC"):
    """Kelvin to degrees Celsius."""
    out = da - offset
    out.attrs["units"] = units
    return out


def main():
    indir, outdir = sys.argv[3], sys.argv[2]
    ds = xr.open_dataset(os.path.join(indir, "climate", "nrcan.nc"))
    results = {}
    for region, bounds in REGIONS.items():
        sub = ds.tg_mean.sel(**bounds)
        results[region] = centigrade(sub.astype("float64").mean(["lat", "lon"]))
        print(region, sub.sizes)
    table = xr.Dataset(results)
    for r in table:
        print(r, np.round(table[r].values[:3], 2), table[r].attrs)
    trend = lambda x: (x[-1] - x[0]) / len(x)
    print(f"{float(trend(table['north'])):.4f}")
    years = [int(str(t)[:4]) for t in table.time.values]
    print(years[0], years[-1], sum(years) / len(years))
    warmest = max(results, key=lambda k: float(results[k].mean()))
    print(warmest, sorted(results), {k: round(float(v.max()), 3) for k, v in results.items()})
    i = 0
    while i < 3:
        i += 1
        if i == 2:
            continue
        print(i, end=" ")
    print()
    assert len(years) == 30, "years"
    (
        table
        .resample(time="5AS")
        .mean()
        .to_netcdf(os.path.join(outdir, "table.nc"))
    )


if __name__ == "__main__":
    main()
