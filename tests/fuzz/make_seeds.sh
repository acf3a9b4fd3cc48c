#!/bin/sh
# Seeds of the fuzz targets: make_seeds.sh FUZZ_WIRE_SEEDS FOLDER. Files of real shape come from the formats' own
# libraries where Python has them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$2
rm -rf "$folder"
mkdir -p "$folder/script" "$folder/calendar" "$folder/codec" "$folder/netcdf3" "$folder/hdf5" "$folder/zarr" "$folder/shard" "$folder/zip"
"$1" "$folder/wire"
cp "$here"/../../examples/*.py "$folder/script/"
cp "$here"/../differential/scripts/*.py "$folder/script/"
printf 'days since 2000-01-01\nnoleap\nMS\n0\n31.5\n400\n' >"$folder/calendar/noleap"
printf 'hours since 1900-01-01 00:00:00.0\nstandard\nQS-DEC\n0\n1e6\nnan\n' >"$folder/calendar/hours"
printf 'seconds since 1850-1-1T12:00:00Z\n360_day\n1991-07\n-5\n3\n' >"$folder/calendar/seconds"
printf 'days since 0001-01-01\njulian\n5D\n-1000000\n1e12\n' >"$folder/calendar/far"
python=/usr/bin/python3
"$python" -c 'import netCDF4, numcodecs, numpy, zarr' 2>/dev/null || { echo "seeds without python3-netcdf4 and -zarr"; python=; }
[ -z "$python" ] || exec "$python" "$here/make_seeds.py" "$folder"
printf 'CDF\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >"$folder/netcdf3/empty"
printf '\211HDF\r\n\032\n\000' >"$folder/hdf5/signature"
printf '\003\000\000\010abcdefgh' >"$folder/codec/lz4"
printf '{"zarr_format": 2, "shape": [4], "chunks": [4], "dtype": "<f4", "compressor": null, "fill_value": 0, "order": "C", "filters": null}' >"$folder/zarr/plain"
printf '\000' >"$folder/shard/empty"
printf 'PK\005\006\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000' >"$folder/zip/empty"
