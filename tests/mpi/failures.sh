#!/bin/sh
# What a run can meet, at a number of ranks (0: without mpirun): the exit status, one message that says what, where and what
# to do, no unfinished output under any name, no rank left.
#     failures.sh RANKINE MPIRUN "MPIRUN_FLAGS" RANKS MAKE_ERA5_LIKE WORK
set -u
rankine=$1 mpirun=$2 flags=$3 ranks=$4 make_input=$5 work=$6
rm -rf "$work"
mkdir -p "$work/out"
cd "$work" || exit 1
failed=0

complain() {
  echo "ranks $ranks, $name: $*" >&2
  sed 's/^/    /' message >&2
  failed=1
}

run() { # the options and words of rankine run
  got=0
  if [ "$ranks" = 0 ]; then
    timeout 120 "$rankine" run "$@" >printed 2>message || got=$?
  else
    # shellcheck disable=SC2086
    timeout 120 "$mpirun" -n "$ranks" $flags "$rankine" run "$@" >printed 2>message || got=$?
  fi
}

no_rubbish() {
  left=$(find out small -name '.*.rankine-*' 2>/dev/null)
  [ -z "$left" ] || complain "these are left: $left"
}

# expect NAME STATUS TEXT [WORD...]: the script is what stands in script.py.
expect() {
  name=$1 wanted=$2 text=$3
  shift 3
  run --quiet $options script.py "$@"
  [ "$got" -eq "$wanted" ] || complain "status $got instead of $wanted"
  [ -z "$text" ] || grep -q -e "$text" message printed || complain "nothing says '$text'"
  if [ "$wanted" -ne 0 ]; then
    [ "$(grep -c '^rankine: ' message)" -eq 1 ] || complain "not one message"
  fi
  no_rubbish
}
options=""

script() { cat >script.py; }

"$make_input" input.nc 200 50 60 90

# ---- wrong scripts: status 2, the line and a caret, before data is read
head='import sys
import numpy as np
import xarray as xr
ds = xr.open_dataset("input.nc")'
caret() { # NAME LINE:COLUMN TEXT STATEMENT
  printf '%s\n%s\n' "$head" "$4" >script.py
  expect "$1" 2 "^rankine: script.py:$2: .*$3"
  grep -q '^ *^$' message || complain "no caret"
}
raised() { # NAME LINE CLASS TEXT STATEMENT: an error while running, as Python shows it, with a caret
  printf '%s\n%s\n' "$head" "$5" >script.py
  expect "$1" 2 "^$3: .*$4"
  tail -n 1 message | grep -q "^$3: " || complain "the class is not in the last line"
  grep -q "^  File \"script.py\", line $2, in <module>" message || complain "no place"
  grep -q '^ *^$' message || complain "no caret"
}
raised "unknown variable" 5 KeyError "no variable 'tas'" 'print(ds["tas"].mean())'
raised "unknown dim" 5 ValueError "'tme'" 'print(ds.t2m.mean("tme"))'
caret "unknown method" 5:8 "did you mean 'mean'" 'ds.t2m.men("time")'
caret "unknown keyword" 5:21 "'skip_na'.*did you mean 'skipna'" 'ds.t2m.mean("time", skip_na=True)'
caret "unknown function" 5:4 "did you mean 'open_dataset'" 'xr.open_datset("input.nc")'
raised "unlike grids" 5 ValueError "size 10 in one operand and 11 in the other" \
  'a = ds.t2m.drop_vars("latitude"); print(float((a.isel(latitude=slice(10)) - a.isel(latitude=slice(11))).mean()))'
raised "division by zero" 5 ZeroDivisionError "division by zero" 'print(1 / 0)'
raised "index" 5 IndexError "list index out of range" 'print([1, 2][2])'
raised "key" 5 KeyError "'b'" 'print({"a": 1}["b"])'
raised "own error" 5 ValueError "bad input" 'raise ValueError("bad input")'
caret "mode" 5:21 "mode 'q'" 'ds.t2m.isel(time=0).to_netcdf("out/x.nc", mode="q")'

# ---- inputs
script <<'END'
import sys
import xarray as xr
source, target = sys.argv[1], sys.argv[2]
ds = xr.open_zarr(source) if source.endswith("zarr") else xr.open_dataset(source)
anomaly = ds - ds.mean("time")
if target.endswith("zarr"):
    anomaly.to_zarr(target, mode="w")
elif "compressed" in target:
    anomaly.to_netcdf(target, encoding={"t2m": {"zlib": True, "complevel": 1}})
else:
    anomaly.to_netcdf(target)
END
expect "missing input" 3 "missing.nc: No such file" missing.nc out/x.nc
head -c 100000 input.nc >truncated.nc
expect "truncated input" 3 "cannot .*truncated.nc: .*" truncated.nc out/x.nc
: >empty.nc
expect "empty input" 3 "empty.nc: the file is empty" empty.nc out/x.nc
echo "no data at all" >text.nc
expect "no data file" 3 "neither NetCDF nor HDF5" text.nc out/x.nc
expect "directory" 3 "no Zarr store" out out/x.nc

damage() { # FILE: 200 bytes in the middle, which no codec takes for data
  middle=$(($(wc -c <"$1") / 2))
  yes | tr '\n' 'y' | head -c 200 | dd of="$1" bs=1 seek="$middle" conv=notrunc 2>/dev/null
}
cp input.nc damaged.nc
damage damaged.nc
for target in out/x.nc out/x.zarr; do
  expect "damaged chunk of HDF5" 1 "chunk ([0-9], [0-9], [0-9]) of /*t2m in .*/damaged.nc: .*(task .*, attempt 3 of 3, worker .*get a good copy" \
    damaged.nc $target
  [ ! -e $target ] || complain "$target is there"
done
expect "to Zarr" 0 "" input.nc damaged.zarr
damage damaged.zarr/t2m/0.0.0
expect "damaged chunk of Zarr" 1 "chunk (0, 0, 0) of t2m in .*/damaged.zarr/t2m: .*(task .*, attempt 3 of 3.*get a good copy" damaged.zarr out/x.nc
options="--attempts 1"
expect "one attempt" 1 "attempt 1 of 1" damaged.nc out/x.nc
options=""

# ---- outputs
expect "no such folder" 4 "there is no directory .*/nowhere; make it" input.nc nowhere/x.nc
expect "a folder is in the way" 4 "a directory of that name is in the way" input.nc out
echo kept >out/file.zarr
expect "a file is in the way" 4 "a file of that name is in the way" input.nc out/file.zarr
expect "device" 4 "no file, such as a device" input.nc /dev/null
cp input.nc same.nc
before=$(cksum <same.nc)
expect "output is input" 4 "cannot write to .*/same.nc: the script reads from it" same.nc same.nc
[ "$(cksum <same.nc)" = "$before" ] || complain "the input has changed"

mkdir small
if mount -t tmpfs -o size=3m tmpfs small 2>message; then
  for target in small/plain.nc small/compressed.nc small/x.zarr; do
    echo kept >small/plain.nc
    options="--resumable no"
    expect "full disk, $target" 4 "no room for .*$target: .* free.*make room or write elsewhere" input.nc $target
    [ "$(cat small/plain.nc)" = kept ] || complain "what was there is gone"
    options=""
  done
  umount small
else
  echo "ranks $ranks: no full disk without the right to mount one" >&2
fi
if [ "$ranks" = 0 ]; then # Open MPI's own files would meet the limit too
  for target in out/plain.nc out/compressed.nc out/x.zarr; do
    rm -rf out/plain.nc out/compressed.nc out/x.zarr
    (ulimit -f 300; expect "file size limit, $target" 4 "cannot .*$target.*File too large" input.nc $target; exit $failed) || failed=1
    [ ! -e $target ] || complain "$target is there"
  done
fi

script <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc").isel(time=0)
ds.to_netcdf("out/new.nc")
ds.to_zarr("out/new.zarr")
END
echo kept >out/new.nc
rm -rf out/new.zarr
expect "existing output, mode w" 0 ""
expect "existing output, mode w-" 4 "new.zarr: it exists and the mode is 'w-'; remove it or use mode 'w'"
script <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc").isel(time=slice(0, 3)).load()
ds.close()
ds.to_netcdf("input_part.nc")
part = xr.open_dataset("input_part.nc").load()
part.close()
(part + 1).to_netcdf("input_part.nc")
print("%.3f" % float((xr.open_dataset("input_part.nc") - ds).t2m.mean()))
END
expect "a loaded input may be replaced" 0 "^1.000$"

# ---- what the script prints and how it leaves
script <<'END'
import sys
import xarray as xr
xr.open_dataset("input.nc").isel(time=0).to_netcdf("out/before_exit.nc")
sys.exit(7)
END
run --quiet script.py
name="sys.exit"
[ "$got" -eq 7 ] && [ -e out/before_exit.nc ] || complain "status $got, or out/before_exit.nc is not there"

# ---- limits
script <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc")
(ds - ds.mean("time")).to_netcdf("out/limited.nc")
END
options="--memory-limit 100KB"
expect "memory limit too small" 5 "memory limit of 97.7 KiB a rank is too small: task .* needs .*raise --memory-limit"
options="--memory-limit 60MB"
expect "memory limit" 0 ""
if [ "$ranks" = 0 ]; then
  name="plan of what does not fit"
  got=0
  "$rankine" plan --memory-limit 100KB script.py >printed 2>message || got=$?
  [ "$got" -eq 5 ] && grep -q "raise --memory-limit" message || complain "status $got, or no word of --memory-limit"
  name="forecast"
  "$rankine" plan --ranks 3 --threads 2 script.py >printed 2>message || complain "no forecast"
  grep -q "^forecast for 2 working ranks of 2 threads: about [0-9.e-]* s once started, blocks of at most .*B held" printed ||
    complain "no forecast: $(cat printed)"
fi
options="--threads none"
expect "wrong option" 2 "threads"
options=""

# ---- what is said
name="output of a run"
run script.py
grep -q "^done in" message || complain "no summary"
[ ! -s printed ] || complain "standard output is the script's own"
run --quiet script.py
grep -v '^$' message && complain "--quiet says something"
run --verbose script.py
for text in "opened .*/input.nc" "reads t2m of .*/input.nc directly" "plan: .* tasks" "wrote .*/out/limited.nc" "done in"; do
  grep -q "$text" message || complain "--verbose does not say '$text'"
done
run --quiet --log-file log script.py
run --quiet --log-file log script.py
[ "$(grep -c '^20..-..-.. ..:..:..  done in' log)" -eq 2 ] || complain "the log does not hold the summaries of both runs"
[ ! -s printed ] || complain "--quiet prints"
run --threads 3 script.py
workers=$ranks
[ "$ranks" = 0 ] && workers=1
if [ "$ranks" -gt 1 ]; then
  run --threads 1 --scheduler-works=no script.py
  grep -q "of $((ranks - 1)) thread" message && grep -q '^ *0 .* - .* 0 ' message || complain "--scheduler-works=no: rank 0 works"
  run --threads 1 --scheduler-works=yes script.py
  grep -q "of $ranks threads" message || complain "--scheduler-works=yes: not $ranks threads"
else
  grep -q "of 3 threads" message || complain "--threads 3: not 3 threads"
  run --scheduler-works=no script.py
  [ "$got" -eq 2 ] && grep -q "leaves nobody to work" message || complain "status $got"
fi

# ---- signals
script <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc")
for i in range(6):
    ((ds - ds.mean("time")) * (i + 1)).to_netcdf("out/signal_%d.nc" % i, encoding={"t2m": {"zlib": True, "complevel": 9}})
    ((ds - ds.mean("time")) * (i + 1)).to_zarr("out/signal_%d.zarr" % i, mode="w")
END
await() { # a condition, for 20 s at most
  tries=0
  until eval "$1"; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || return 1
    sleep 0.1
  done
}
for signal in INT TERM; do
  name="SIG$signal"
  rm -rf out
  mkdir out
  # Shells start background jobs with SIGINT ignored, which mpirun would inherit: a launcher of its own restores it.
  if [ "$ranks" = 0 ]; then set -- "$rankine"; else
    # shellcheck disable=SC2086
    set -- "$mpirun" -n "$ranks" $flags "$rankine"
  fi
  env --default-signal=INT "$@" run --quiet script.py >printed 2>message &
  job=$!
  await '[ -n "$(find out -name ".signal_5.zarr*" 2>/dev/null)" ]' || complain "the run does not begin"
  kill -$signal $job
  got=0
  wait $job || got=$?
  if [ $signal = TERM ] || [ "$ranks" != 0 ]; then
    # mpirun sends SIGTERM to its ranks for both, and gives them a second: what they have saved by then is what the next job goes on from.
    if [ "$ranks" = 0 ]; then
      [ "$got" -eq 75 ] || complain "status $got instead of 75"
      grep -q "^rankine: ended as asked.*go on with: rankine resume" message || complain "no message"
    else
      [ "$got" -ne 0 ] || complain "status 0"
    fi
    # The launcher may be gone before its ranks are.
    await '"$rankine" resume --quiet out/signal_0.nc.rankine >printed 2>message; got=$?; ! grep -q "is in use by" message'
    [ "$got" -eq 0 ] || complain "resumed: status $got"
    [ "$(find out -mindepth 1 -maxdepth 1 | wc -l)" -eq 12 ] || complain "resumed: $(find out -mindepth 1 -maxdepth 1)"
    continue
  fi
  grep -q "^rankine: interrupted by SIG.*removed" message || complain "no message"
  # mpirun ends with a status of its own.
  if [ "$ranks" = 0 ]; then
    [ "$got" -eq 130 ] || complain "status $got instead of 130"
  else
    [ "$got" -ne 0 ] || complain "status 0"
  fi
  await '[ -z "$(find out -mindepth 1)" ]' || complain "these are left: $(find out -mindepth 1)"
done
name="a script that loops for ever"
if [ "$ranks" = 0 ]; then
  printf 'print("begun")\nwhile True:\n    x = 1\n' >script.py
  env --default-signal=INT "$rankine" run --quiet script.py >printed 2>message &
  job=$!
  await 'grep -q begun printed' || complain "the run does not begin"
  kill -INT $job
  got=0
  wait $job || got=$?
  [ "$got" -eq 130 ] || complain "status $got instead of 130"

  name="a task that does not end"
  printf 'import time\nfrom dask import delayed\ndef forever(x):\n    print("begun")\n    time.sleep(1000)\ndelayed(forever)(1).compute()\n' >script.py
  for signal in INT TERM; do
    : >printed  # of the run before
    env --default-signal=INT timeout 100 "$rankine" run --quiet --drain 1 script.py >printed 2>message &
    job=$!
    await 'grep -q begun printed' || complain "the task does not begin"
    kill -$signal $job
    got=0
    wait $job || got=$?
    if [ $signal = INT ]; then wanted=130; else wanted=75; fi
    [ "$got" -eq $wanted ] || complain "SIG$signal: status $got instead of $wanted"
  done

  name="standard output"
  printf 'import xarray as xr\nfor i in range(20000):\n    print("line", i)\nxr.open_dataset("input.nc").mean("time").to_netcdf("out/piped.nc")\n' >script.py
  { "$rankine" run --quiet script.py 2>message; echo $? >status; } | head -n 1 >printed
  [ "$(cat status)" = 0 ] && [ -e out/piped.nc ] && [ ! -s message ] || complain "a reader that leaves: status $(cat status)"
  run_full=0
  "$rankine" run --quiet script.py >/dev/full 2>message || run_full=$?
  [ $run_full -eq 4 ] && grep -q "cannot print to the standard output: No space left" message || complain "full: status $run_full"

  name="no permission"
  chmod 755 "$work"
  cp input.nc secret.nc
  chmod 600 secret.nc
  mkdir -p closed
  chmod 755 closed
  as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
  if [ "$(id -u)" = 0 ] && $as_nobody "$rankine" version >/dev/null 2>&1 && $as_nobody test -r "$work/input.nc"; then
    printf 'import xarray as xr\nxr.open_dataset("secret.nc")\n' >script.py
    got=0
    $as_nobody "$rankine" run --quiet script.py 2>message || got=$?
    [ "$got" -eq 3 ] && grep -q "secret.nc: Permission denied" message || complain "unreadable: status $got"
    printf 'import xarray as xr\nxr.open_dataset("input.nc").mean().to_netcdf("closed/x.nc")\n' >script.py
    got=0
    $as_nobody "$rankine" run --quiet script.py 2>message || got=$?
    [ "$got" -eq 4 ] && grep -q "closed/x.nc: the directory .* is not writable" message || complain "unwritable: status $got"
  else
    echo "ranks $ranks: permissions are not tested" >&2
  fi
fi
[ $failed -eq 0 ] && cd / && rm -rf "$work"
exit $failed
