import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]
ds = xr.open_dataset(inputs + "/daily.nc")
tas = ds.tas
xr.Dataset(
    {
        "masked": tas.where(tas > 280),
        "other": tas.where(ds.lat > 0, -1.0),
        "either": xr.where(ds.orog > 1500, tas, ds.pr),
        "numbers": xr.where(tas > 280, 1, 0),
        "filled": tas.fillna(0),
        "filled_by_field": tas.fillna(ds.orog),
        "clipped": tas.clip(270, 290),
        "clipped_below": tas.clip(min=275),
        "is_null": tas.isnull(),
        "not_null": tas.notnull(),
    }
).to_netcdf(output + "/where.nc")
