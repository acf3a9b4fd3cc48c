#!/bin/sh
# The same script at several numbers of ranks and threads must give bitwise the same files, and the launcher the
# run's exit status:  same_result.sh RANKINE MPIRUN "MPIRUN_FLAGS" MAKE_ERA5_LIKE WORK RANKS...
set -eu
rankine=$1 mpirun=$2 flags=$3 make_input=$4 work=$5
shift 5
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work"
mkdir -p "$work"
"$make_input" "$work/input.nc" 300 50 60 90

run() { # name, then the command
  name=$1
  shift
  mkdir "$work/$name"
  if ! timeout 120 "$@" "$here/same_result.py" "$work/input.nc" "$work/$name" >"$work/$name.printed" 2>"$work/$name.log"; then
    echo "$name: the run failed:" >&2
    cat "$work/$name.log" >&2
    exit 1
  fi
}

# Values only: the history attribute holds the time of the run.
digest() { (cd "$work/$1" && for file in mean.nc months.nc anomaly.nc; do ncdump -p 9,17 "$file" | grep -v :history; done | sha256sum); }

run one "$rankine" run --quiet --threads 1
expected=$(digest one)
status=0
for variant in "$@"; do
  ranks=${variant%x*} threads=${variant#*x}
  name=ranks${ranks}_threads${threads}
  # shellcheck disable=SC2086
  if [ "$ranks" = 0 ]; then
    run "$name" "$rankine" run --quiet --threads "$threads"
  else
    run "$name" "$mpirun" -n "$ranks" $flags "$rankine" run --quiet --threads "$threads"
  fi
  if [ "$(digest "$name")" != "$expected" ]; then
    echo "$name: the output differs from that of one thread" >&2
    for file in mean.nc months.nc anomaly.nc; do
      cmp "$work/one/$file" "$work/$name/$file" >&2 || true
    done
    status=1
  fi
  if ! cmp "$work/one.printed" "$work/$name.printed" >&2; then
    echo "$name: what is printed differs" >&2
    status=1
  fi
done
[ "$status" -eq 0 ] && rm -rf "$work"
exit "$status"
