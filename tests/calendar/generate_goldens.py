#!/usr/bin/python3
"""Writes the golden files beside this script from xarray 2023.01, pandas 1.5, cftime 1.6 and NumPy.

Each line: inputs and what the oracle answers, fields separated by '|'. Times are ticks: ns for
"dt64", microseconds since 1970-01-01 of the calendar for cftime. Floats are in hexadecimal.
Run: /usr/bin/python3 tests/calendar/generate_goldens.py
"""
import datetime
import os
import random
import warnings

import cftime
import numpy as np
import pandas as pd
import xarray as xr
from xarray.coding import times as xt
from xarray.coding.cftimeindex import CFTimeIndex, _parse_iso8601_with_reso, _parsed_string_to_bounds

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
CALENDARS = ["standard", "proleptic_gregorian", "noleap", "all_leap", "360_day", "julian"]
RNG = random.Random(20230101)


def ticks_of(date):
    epoch = cftime.datetime(1970, 1, 1, calendar=date.calendar)
    delta = date - epoch
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def cf(calendar, ticks):
    return cftime.datetime(1970, 1, 1, calendar=calendar) + datetime.timedelta(microseconds=ticks)


def number(value):
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return "nan" if np.isnan(value) else float(value).hex()


def write(name, lines):
    with open(os.path.join(HERE, name), "w") as out:
        out.write("# made by generate_goldens.py\n")
        out.writelines(line + "\n" for line in lines)


SEASONS = ["DJF", "MAM", "JJA", "SON"]


def fields():
    for calendar in CALENDARS:
        days = [-719528 + 366 + 40, -141428, -141427, -141426, -141500, -1, 0, 1, 58, 59, 60, 365, 366, 10957 + 59, 11015]
        days += [RNG.randrange(-700000, 700000) for _ in range(120)]
        for day in days:
            ticks = day * 86_400_000_000 + RNG.randrange(86_400_000_000)
            d = cf(calendar, ticks)
            assert ticks_of(d) == ticks
            values = [d.year, d.month, d.day, d.hour, d.minute, d.second, d.microsecond, d.dayofyr, d.dayofwk,
                      (d.month - 1) // 3 + 1, d.daysinmonth]
            yield "|".join([calendar, str(ticks), " ".join(map(str, values)), SEASONS[d.month % 12 // 3], str(d)])
    for _ in range(200):
        ticks = RNG.randrange(-9_200_000_000_000_000_000, 9_200_000_000_000_000_000)
        t = pd.DatetimeIndex([ticks])
        s = pd.Series(t)
        values = [t.year[0], t.month[0], t.day[0], t.hour[0], t.minute[0], t.second[0], t.microsecond[0],
                  t.dayofyear[0], t.dayofweek[0], t.quarter[0], t.days_in_month[0], t.nanosecond[0],
                  s.dt.isocalendar().week[0]]
        yield "|".join(["dt64", str(ticks), " ".join(map(str, values)), SEASONS[t.month[0] % 12 // 3],
                        str(np.datetime64(ticks, "ns"))])


def index_of(kind, ticks):
    if kind == "dt64":
        return pd.DatetimeIndex(np.array(ticks, "M8[ns]"), name="time")
    return CFTimeIndex([cf(kind, t) for t in ticks], name="time")


def label_ticks(kind, index):
    return index.asi8.tolist() if kind == "dt64" else [ticks_of(d) for d in index]


def resample():
    months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    monthly = ["MS", "2MS", "3MS", "5MS", "M", "2M", "3M", "7M", "QS", "Q", "AS", "A", "YS", "Y", "2QS-DEC", "3Q-FEB",
               "2AS-JUL", "2A-JUN"]
    monthly += [f"{rule}-{m}" for rule in ["QS", "Q", "AS", "A"] for m in months]
    daily = ["D", "2D", "5D", "7D", "10D", "MS", "M", "QS-DEC"]
    hourly = ["H", "3H", "5H", "6H", "12H", "24H", "36H", "D", "2D", "30T", "45min"]
    second = {"dt64": 10**9}
    for kind in ["dt64"] + CALENDARS:
        per_second = second.get(kind, 10**6)
        cases = []
        for freq in monthly:
            for step_days in [11.25, 47.5]:
                cases.append((freq, step_days, 25))
        for freq in daily:
            for step_days in [0.75, 3.0]:
                cases.append((freq, step_days, 25))
        for freq in hourly:
            for step_days in [1 / 24, 7 / 24]:
                cases.append((freq, step_days, 20))
        if kind == "dt64":
            cases += [(f, s, 25) for f in ["W", "W-SUN", "W-WED", "2W", "3W-MON"] for s in [1.0, 2.3, 9.0]]
        for freq, step_days, count in cases:
            start = RNG.randrange(3000, 14000) * 86400 + RNG.choice([0, 0, 43200, 21600, 3600 * 7 + 1800, 86399])
            ticks = [round((start + i * step_days * 86400)) * per_second for i in range(count)]
            if RNG.random() < 0.3:  # a gap: empty bins
                ticks = ticks[: count // 3] + [t + 400 * 86400 * per_second for t in ticks[count // 3:]] \
                    if step_days > 5 else ticks[: count // 3] + ticks[2 * count // 3:]
            options = {}
            if RNG.random() < 0.15:
                options["closed"] = RNG.choice(["left", "right"])
            if RNG.random() < 0.15:
                options["label"] = RNG.choice(["left", "right"])
            da = xr.DataArray(np.arange(len(ticks)), [("time", index_of(kind, ticks))])
            try:
                gb = da.resample(time=freq, **options)
            except ValueError as error:
                if "Value falls" not in str(error):
                    raise
                continue
            labels = label_ticks(kind, gb._full_index)
            unique = label_ticks(kind, gb._unique_coord.to_index())
            codes = [-1] * len(ticks)
            for label, positions in zip(unique, gb._group_indices):
                for i in range(*positions.indices(len(ticks))):
                    codes[i] = labels.index(label)
            assert -1 not in codes
            yield "|".join([kind, freq, options.get("closed", ""), options.get("label", ""),
                            " ".join(map(str, ticks)), " ".join(map(str, codes)), " ".join(map(str, labels))])


def decode():
    units = ["days since 1850-01-01", "hours since 1900-1-1 00:00:0.0", "seconds since 1970-01-01T00:00:00Z",
             "days since 0001-01-01", "days since 1-1-1 00:00:0.0", "hours since 1800-01-01 00:00:00",
             "minutes since 2000-01-01 12:30:15.25", "Days since 2000-02-28 06:00", "day since 1999-12-31",
             "hours since 2000-01-01 00:00:00 +01:00", "hours since 2000-01-01T00:00:00-0530",
             "milliseconds since 1981-07-04 00:00:00", "microseconds since 1981-07-04", "days  since  1979-01-01 00:00:00",
             "seconds since 1950-01-01 00:00:00 UTC", "days since 1582-10-01", "days since 2300-01-01",
             "days since 01-JAN-1970 00:00:00", "h since 2001-01-01", "secs since 2001-01-01 00:00:00",
             "months since 2000-01-01", "years since 2000-01-01", "days since", "fortnights since 2000-01-01",
             "nanoseconds since 2000-01-01", "days since 2000", "days since 2000-01", "hours since 19500101"]
    values = {
        "i4": [[0, 1, 2, 3], [56978, 57000, 57031], [-5, 0, 5], [700000, 730000], [123456, 123457]],
        "i8": [[0], [1_000_003, 1_000_007], [730119, 730120], [-10, 10]],
        "f8": [[0.0, 0.25, 0.5], [56978.5, 56979.041666666664, 56980.1], [0.1, 0.2, 0.3], [1 / 3, 2 / 3, 1.0],
               [730119.4999, 730119.75], [1051896.123456789, 1051897.3]],
        "f4": [[0.0, 0.25, 0.5], [0.1, 0.2, 0.3], [56978.5, 56979.04, 56980.1], [18262.33, 18262.66]],
    }
    for unit in units:
        for calendar in ["", "standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "360_day", "julian",
                         "all_leap", "GREGORIAN"]:
            for dtype, lists in values.items():
                for numbers in lists:
                    array = np.array(numbers, dtype)
                    try:
                        out = xt.decode_cf_datetime(array, unit, calendar or None)
                    except Exception:
                        out = None
                    shown = " ".join(number(v) for v in array)
                    if out is None:
                        answer = "error|"
                    elif out.dtype == "M8[ns]":
                        answer = "dt64|" + " ".join(map(str, out.astype("i8")))
                    else:
                        answer = out[0].calendar + "|" + " ".join(str(ticks_of(d)) for d in out)
                    yield "|".join([unit, calendar, dtype, shown, answer])


def encode_line(kind, ticks, units, calendar):
    dates = np.array(ticks, "M8[ns]") if kind == "dt64" else np.array([cf(kind, t) for t in ticks])
    try:
        numbers, out_units, out_calendar = xt.encode_cf_datetime(dates, units or None, calendar or None)
        answer = [out_units, out_calendar, numbers.dtype.name, " ".join(number(v) for v in numbers)]
    except Exception:
        answer = ["error", "", "", ""]
    return "|".join([kind, " ".join(map(str, ticks)), units, calendar] + answer)


def encode():
    units = ["", "days since 1850-01-01", "days since 1850-1-1 00:00:0.0", "hours since 1900-01-01 00:00:00.5",
             "seconds since 1970-01-01T00:00:00+01:00", "days since 0001-01-01 00:00:00", "minutes since 2000-01-01 12:00",
             "microseconds since 2000-01-01", "days since 1-1-1", "months since 2000-01-01"]
    for kind in ["dt64"] + CALENDARS:
        per_second = 10**9 if kind == "dt64" else 10**6
        for unit in units:
            for step in [86400, 21600, 3600 * 7, 60, 1, 0.001, 86400 * 30.4375, 86400 / 7]:
                start = RNG.randrange(5000, 15000) * 86400 + RNG.choice([0, 43200, 3601])
                ticks = [start * per_second + int(i * step * per_second) for i in range(4)]
                for calendar in ["", "noleap", "standard"] if step == 21600 else [""]:
                    yield encode_line(kind, ticks, unit, calendar)
    yield encode_line("dt64", [946684800_000000001], "", "")
    yield encode_line("dt64", [946684800_000000001, 946684800_000000003], "days since 1970-01-01", "")
    yield encode_line("dt64", [np.iinfo("i8").min, 946684800_000000000], "days since 1970-01-01", "")
    yield encode_line("dt64", [946684800_000000000, np.iinfo("i8").min], "", "standard")


def durations():
    for ticks in [[0, 86400 * 10**9], [3600 * 10**9], [1, 2], [15 * 10**8], [np.iinfo("i8").min, 86400 * 10**9], []]:
        for units in ["", "days", "hours", "seconds", "nanoseconds"]:
            numbers, out_units = xt.encode_cf_timedelta(np.array(ticks, "m8[ns]"), units or None)
            yield "|".join([" ".join(map(str, ticks)), units, out_units, numbers.dtype.name,
                            " ".join(number(v) for v in numbers)])


def partial():
    texts = ["1991", "1991-07", "2000-02", "2000-12", "2000-07-15", "20000715", "2000-07-15T12", "2000-07-15 12",
             "2000-07-15T12:30", "2000-07-15 12:30:45", "20000715T1230", "20000715T123045", "2000-02-29", "2000-02-30",
             "2001-02-29", "2000-7-5", "1991-7", "2000/07", "2000/07/15", "2000Q3", "2000-Q3", "2000q1", "1582-10-10",
             "1582-10-15", "1500", "3000", "0001", "2262", "1677", "2000-07-15T12:30:45.123", "2000-07-15 12:30:45.123456",
             "2000-07-15 12:30:45.123456789", "2000-07-15T1230", "200007151230", "199107", "2000-13", "2000-07-32",
             "2000-07-15T24", "2000-07-15T12:60", "", "abc", "2000-", "2000-07-", "2000-07-15T", "2000-07x", "20000715 12"]
    for kind in ["dt64"] + CALENDARS:
        for text in texts:
            try:
                if kind == "dt64":
                    index = pd.DatetimeIndex(["2000-01-01"])
                    parsed, resolution = index._parse_with_reso(text)
                    begin, end = index._parsed_string_to_bounds(resolution, parsed)
                    answer = f"{begin.value} {end.value} {resolution.attrname}"
                else:
                    date_type = type(cf(kind, 0)) if False else xr.coding.cftime_offsets.get_date_type(kind)
                    parsed, resolution = _parse_iso8601_with_reso(date_type, text)
                    begin, end = _parsed_string_to_bounds(date_type, resolution, parsed)
                    answer = f"{ticks_of(begin)} {ticks_of(end)} {resolution}"
            except Exception:
                answer = "none"
            yield "|".join([kind, text, answer])


write("fields.txt", fields())
write("resample.txt", resample())
write("decode.txt", decode())
write("encode.txt", encode())
write("durations.txt", durations())
write("partial.txt", partial())
