#!/bin/sh
# Every rank ends and the launcher hands on Rankine's exit status, whatever is wrong:
#     exit_status.sh RANKINE MPIRUN "MPIRUN_FLAGS" RANKS WORK
set -eu
rankine=$1 mpirun=$2 flags=$3 ranks=$4 work=$5
rm -rf "$work"
mkdir -p "$work"
status=0

expect() { # wanted status, text in the message, script
  printf '%s\n' "$3" >"$work/script.py"
  got=0
  # shellcheck disable=SC2086
  timeout 60 "$mpirun" -n "$ranks" $flags "$rankine" run --quiet "$work/script.py" >"$work/printed" 2>"$work/message" || got=$?
  if [ "$got" -ne "$1" ] || ! grep -q -e "$2" "$work/message" "$work/printed"; then
    echo "status $got instead of $1, or nothing says '$2', for: $3" >&2
    cat "$work/message" >&2
    status=1
  fi
  # One message, not one a rank.
  if [ "$1" -ne 0 ] && [ "$(grep -c "^rankine: " "$work/message")" -ne 1 ]; then
    echo "not one message, but these, for: $3" >&2
    cat "$work/message" >&2
    status=1
  fi
}

expect 0 "^3\$" 'print(1 + 2)'
expect 2 "polyfit" 'import xarray as xr
x = xr.DataArray([1.0], dims=["x"])
x.polyfit("x", 1)'
expect 3 "no_such_file" 'import xarray as xr
print(float(xr.open_dataset("no_such_file.nc").t.mean()))'
expect 4 "no_such_folder" 'import xarray as xr
xr.Dataset({"x": xr.DataArray([1.0, 2.0], dims=["x"])}).to_netcdf("/no_such_folder/x.nc")'
exit "$status"
