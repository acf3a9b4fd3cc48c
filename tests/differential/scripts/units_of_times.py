# Dates and durations that a script makes keep their units: how they are printed, and what a whole number beside them counts.
import numpy as np
import xarray as xr

day = np.datetime64("2000-01-05")
print(f"out_{day}.nc", day, repr(day), str(day), [day], day.dtype, repr(day.dtype))
for text in ("1990", "1990-01", "1990-01-02", "1990-01-02T03", "1990-01-02T03:04", "1990-01-02T03:04:05", "1990-01-02T03:04:05.5",
             "1990-01-02T03:04:05.123", "1990-01-02T03:04:05.1234", "1990-01-02T03:04:05.123456", "1990-01-02T03:04:05.123456789", "NaT"):
    date = np.datetime64(text)
    print(date, repr(date), type(date).__name__)
for unit in ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns"):
    print(np.datetime64("1990-03-02T03:04:05.123456", unit), repr(np.datetime64("1969-12-31T23", unit)))
for unit in ("W", "D", "h", "m", "s", "ms", "us", "ns"):
    print(np.timedelta64(3, unit), repr(np.timedelta64(-3, unit)), [np.timedelta64(1, unit)])
print(np.datetime64("2000-03-01") - np.datetime64("2000-01-01"), repr(np.datetime64("2000-03-01T06") - np.datetime64("2000-01-01")))
print(day + np.timedelta64(1, "D"), day + np.timedelta64(6, "h"), day - np.timedelta64(1, "W"), day + 1, 2 + day, day - 3)
step = np.timedelta64(7, "D")
print(step * 2, 2 * step, step / 2, step // 2, step * 1.5, 1.5 * step, -step, step + 1, step - np.timedelta64(1, "h"))
print(step / np.timedelta64(1, "D"), step // np.timedelta64(2, "D"), step % np.timedelta64(2, "D"), step / np.timedelta64(1, "h"))
print(day < np.datetime64("2000-01-06"), day == np.datetime64("2000-01-05T00"), day == np.datetime64("2000-01"))
print([str(day + np.timedelta64(i, "D")) for i in range(3)], [str(day + i) for i in range(3)])

days = np.arange(np.datetime64("2000-01-01"), np.datetime64("2000-01-04"))
print(days, days.dtype, repr(days), days[1], days[::2], days[-1] - days[0], days.max(), days.shape)
print(days + 1, days - days[0], days + np.timedelta64(12, "h"), days.reshape(3, 1)[1], days.copy()[0])
print(np.arange(np.datetime64("2000-01"), np.datetime64("2000-05")), np.arange(np.datetime64("1999"), np.datetime64("2002")))
print(np.arange(np.datetime64("2000-01-01"), np.datetime64("2000-01-10"), np.timedelta64(3, "D")))
print(np.arange(np.datetime64("2000-01-01"), np.datetime64("2000-01-02"), np.timedelta64(6, "h")))
print(np.arange(np.datetime64("2000-01-05"), np.datetime64("2000-01-01"), -2))
print(np.arange(np.timedelta64(0, "h"), np.timedelta64(6, "h"), np.timedelta64(2, "h")))
print(np.datetime64("2000-01-01") + np.arange(3), np.arange(3) * np.timedelta64(1, "D"))
print(np.array([np.datetime64("2000-01-01"), np.datetime64("2000-01-01T06")]), np.array([day]).dtype)
print(np.array(["2000-01-01", "2000-02"], dtype="datetime64[ns]"), np.array(["2000-01-01"], dtype="datetime64[ns]").dtype)

x = xr.DataArray(np.arange(3.0), dims="time", coords={"time": days})
print(x.time.dtype, x.time.values[0], x.time.values[1] - x.time.values[0])
print(x.sel(time=day - 3).values, x.sel(time=slice(days[0], days[1])).values)
print((x.time + np.timedelta64(1, "D")).values[0], (xr.DataArray([1, 2], dims="t") * np.timedelta64(1, "D")).values)
print((xr.DataArray([1.5, 2.0], dims="t") * np.timedelta64(1, "D")).values)
print(((x.time - np.datetime64("2000-01-01")) / np.timedelta64(1, "D")).values)
