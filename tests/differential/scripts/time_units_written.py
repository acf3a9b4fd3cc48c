# times: exact
# Units, calendars and dtypes that a caller asks of times, number by number as xarray writes them.
import sys

import xarray as xr

inputs, output = sys.argv[1], sys.argv[2]


def write(ds, name, **encoding):
    ds.to_netcdf(output + "/" + name + ".nc", encoding={"time": encoding})


ds = xr.open_dataset(inputs + "/sixhourly.nc").isel(time=slice(0, 9))[["t2m"]].drop_vars(["lat", "lon"])
kinds = ("days since 1850-01-01", "hours since 2000-01-01T06:00:00", "minutes since 1999-12-31 23:59:59.5", "seconds since 1970-01-01",
         "milliseconds since 1970-01-01", "microseconds since 2000-01-01", "nanoseconds since 1970-01-01",
         "days since 2000-01-01 00:00:00 +01:00", "Days since 2000-1-1", "days since 0001-01-01")
for number, units in enumerate(kinds):
    for dtype in ("float64", "int64", "float32"):
        if dtype == "int64" and number in (0, 2, 7, 8, 9):
            continue  # no whole numbers: xarray would truncate, Rankine refuses
        write(ds, f"standard_{number}_{dtype}", units=units, dtype=dtype)
for calendar in ("proleptic_gregorian", "gregorian", "noleap", "julian"):
    write(ds, "as_" + calendar, units="hours since 1900-01-01", calendar=calendar)
ds.drop_vars("t2m").to_netcdf(output + "/as_found.nc")

for calendar in ("noleap", "360_day", "julian", "all_leap", "proleptic_gregorian"):
    ds = xr.open_dataset(inputs + "/calendar_" + calendar + ".nc").isel(time=slice(55, 64))
    for number, units in enumerate(("days since 1850-01-01", "hours since 1999-02-28 06:00:00", "minutes since 2000-01-01",
                                    "seconds since 1999-01-01", "milliseconds since 2000-01-01", "microseconds since 2000-01-01")):
        write(ds, f"{calendar}_{number}", units=units)
        if number > 0:
            write(ds, f"{calendar}_{number}_integers", units=units, dtype="int64")
    ds.to_zarr(output + "/" + calendar + ".zarr", encoding={"time": {"units": "hours since 2000-01-01", "dtype": "int64"}})
