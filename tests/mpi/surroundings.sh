#!/bin/sh
# Bad surroundings: full disks, file systems that err in passing, inputs that vanish, signals at any moment, closed
# standard streams. The run goes on to the right output, or ends so that one command goes on to it, or says what is wrong.
#     surroundings.sh RANKINE MPIRUN "MPIRUN_FLAGS" MAKE_ERA5_LIKE WORK CASE
# Ends with 77 where the machine does not permit a case.
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ "${RANKINE_OWN_MOUNTS:-no}" = no ]; then
  case $6 in full_disk_grows | full_disk_resumed | read_only_directory)
    # Mounts of its own, also for those who are not root; they go with the process.
    unshare -rm true 2>/dev/null || { echo "$6: this machine permits no mounts"; exit 77; }
    RANKINE_OWN_MOUNTS=yes exec unshare -rm sh "$0" "$@" ;;
  esac
fi
. "$here/faulty_run.sh"
cp "$here/surroundings.py" script.py
faults=

digest() { # of an output
  case $1 in
    *.zarr) (cd "$1" && find . -type f ! -name '.zattrs' ! -name '.zmetadata' | sort | xargs sha256sum) | sha256sum ;;
    *) ncdump -p 9,17 "$1" | tail -n +2 | grep -v ':history =' | sha256sum ;;
  esac
}

launch() { # ranks, words of rankine: 0 ranks is no mpirun
  launch_ranks=$1
  shift
  if [ "$launch_ranks" = 0 ]; then RANKINE_REHEARSE=$faults exec "$rankine" "$@"; fi
  # shellcheck disable=SC2086
  RANKINE_REHEARSE=$faults exec "$mpirun" -n "$launch_ranks" $flags "$rankine" "$@"
}

run() { # status ranks words...
  wanted=$1
  shift
  got=0
  (launch "$@") >printed 2>message || got=$?
  [ "$got" -eq "$wanted" ] || complain "status $got instead of $wanted of: $*"
}

said() { grep -q -e "$1" message || complain "nothing says '$1'"; }

right() { # output
  [ -e "$1" ] || { complain "$1 is not there"; return; }
  [ "$(digest "$1")" = "$(cat "expected_$(basename "$1")")" ] || complain "$1 is another one"
  [ -z "$(find "$(dirname "$1")" -name '.*.rankine-*' -o -name '*.rankine')" ] || complain "these are left: $(ls -A "$(dirname "$1")")"
}

nothing_left() {
  [ -z "$(find . -name '.*.rankine-*' -o -name '*.rankine')" ] || complain "these are left: $(find . -name '*.rankine*')"
}

until_said() { # text: of the run in the background
  tries=0
  until grep -q -e "$1" message; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { complain "nobody says '$1'"; return; }
    sleep 0.1
  done
}

for name in plain.nc packed.nc chunks.zarr; do
  "$rankine" run --quiet --threads 1 script.py input.nc "out/$name" >expected_printed 2>message || { complain "the undisturbed run fails"; exit 1; }
  digest "out/$name" >"expected_$name"
  rm -r "out/$name"
done
outputs="plain.nc packed.nc chunks.zarr"
options="--progress off --threads 2"

case $case in
  full_disk_waits)
    # The fifth write and the six tries after it find no room.
    for ranks in 0 3; do
      for name in $outputs; do
        faults="rank=0 io=write errno=ENOSPC count=5 times=3; rank=any io=write errno=EDQUOT count=2 times=4"
        run 0 $ranks run $options --scheduler-works yes --when-disk-full pause script.py input.nc out/$name
        [ "$(grep -c 'no room for .*the run waits until there is' message)" -ge 1 ] || complain "not said that it waits"
        said "there is room again"
        right out/$name
      done
    done ;;
  full_disk_ends)
    # From the fifth write on there is no room: status 75, and what was written is not written again.
    for ranks in 0 3; do
      for name in $outputs; do
        [ $name = plain.nc ] && count=60 || count=5  # many writes a chunk there
        faults="rank=0 io=write errno=ENOSPC count=$count; rank=any io=write errno=ENOSPC count=$count"
        run 75 $ranks run $options --scheduler-works yes script.py input.nc out/$name
        said "no room for .*free.*make room, then go on with: rankine resume"
        [ "$(stat -c %a out/$name.rankine)" = 700 ] && [ "$(stat -c %a out/$name.rankine/journal)" = 600 ] || complain "others can read it"
        faults=
        run 0 $((3 - ranks)) resume $options out/$name.rankine
        said "goes on with the run"
        said "of .* tasks .* need not run again"
        right out/$name
        cmp printed expected_printed >&2 || complain "it printed something else"
      done
    done ;;
  full_disk_wait_ends)
    faults="rank=0 io=write errno=ENOSPC count=5"
    run 75 0 run $options --when-disk-full pause --disk-full-wait 1s script.py input.nc out/plain.nc
    said "the run waits until there is, for 1 s at most"
    said "no room for .*make room, then go on"
    faults=
    run 0 0 resume $options out/plain.nc.rankine
    right out/plain.nc ;;
  full_disk_not_resumable)
    faults="rank=0 io=write errno=EDQUOT count=5"
    run 4 0 run $options --resumable no script.py input.nc out/plain.nc
    said "no room for .*make room or write elsewhere"
    [ -z "$(ls -A out)" ] || complain "these are left: $(ls -A out)" ;;
  full_disk_grows)
    # A real one that gets more room while the run waits.
    for name in $outputs; do
      mount -t tmpfs -o size=1200k tmpfs out || { complain "cannot mount"; break; }
      : >message
      (launch 3 run $options --when-disk-full pause script.py input.nc out/$name) >printed 2>message &
      job=$!
      until_said "no room for .* free.*the run waits"
      mount -o remount,size=64m out
      wait $job || complain "status $?"
      right out/$name
      umount out
    done ;;
  full_disk_resumed)
    for name in $outputs; do
      mount -t tmpfs -o size=1200k tmpfs out || { complain "cannot mount"; break; }
      run 75 2 run $options script.py input.nc out/$name
      said "make room, then go on with: rankine resume"
      mount -o remount,size=64m out
      run 0 3 resume $options out/$name.rankine
      right out/$name
      umount out
    done ;;
  passing_errors)
    # A file system that errs in passing costs a little time and no task.
    cat >copy.py <<'END'
import xarray as xr
xr.open_dataset("input.nc").to_zarr("input.zarr", mode="w")
END
    "$rankine" run --quiet copy.py
    for source in 'input*.nc' input.zarr; do
      faults=
      "$rankine" run --quiet script.py "$source" out/chunks.zarr >/dev/null
      digest out/chunks.zarr >expected_chunks.zarr
      for errno in EIO ESTALE ETIMEDOUT EAGAIN; do
        faults=
        for rank in 0 any; do
          for call in open read list; do faults="$faults; rank=$rank io=$call errno=$errno file=input count=2 times=3"; done
        done
        run 0 3 run $options --verbose --scheduler-works yes script.py "$source" out/chunks.zarr
        ! grep -q "attempt" message || complain "$errno on $source: tasks failed"
        rm -rf out/chunks.zarr.rankine
        right out/chunks.zarr
        cmp printed expected_printed >&2 || complain "$errno on $source: it printed something else"
      done
    done ;;
  lasting_errors)
    faults="rank=0 io=read errno=EIO file=input count=20"
    run 1 0 run $options script.py input.nc out/plain.nc
    said "reading failed: Input/output error (task .*, attempt 3 of 3"
    faults="rank=0 io=open errno=ESTALE file=input"
    run 3 0 run $options script.py input.nc out/plain.nc
    said "cannot open .*input.nc: Stale file handle"
    faults="rank=0 io=list errno=EIO file=input"
    run 3 0 run $options script.py 'input*.nc' out/plain.nc
    said "cannot list 'input\*.nc': Input/output error"
    nothing_left ;;
  input_vanishes)
    # Some time after it was opened first it is not found any more.
    cp input.nc other.nc
    for count in 1 2 3 4 5 6; do
      faults="rank=0 io=open errno=ENOENT file=other.nc count=$count; rank=any io=open errno=ENOENT file=other.nc"
      rm -f out/plain.nc
      got=0
      (launch $((count % 2 * 3)) run $options script.py other.nc out/plain.nc) >printed 2>message || got=$?
      case $got in
        0) right out/plain.nc ;;
        1 | 3) said "other.nc.*No such file or directory" ;;
        *) complain "status $got" ;;
      esac
      [ "$got" -eq 3 ] || [ "$count" -ne 1 ] || complain "status $got instead of 3"
      nothing_left
    done
    faults=
    cat >vanishes.py <<'END'
import os
import xarray as xr
xr.open_dataset("input.nc").to_zarr("input.zarr", mode="w")
ds = xr.open_zarr("input.zarr")
print(float(ds.t2m.isel(time=0).max()))
while os.path.exists("input.zarr"):
    pass
(ds.t2m + 1).to_netcdf("out/plain.nc")
END
    for ranks in 0 3; do
      rm -f out/plain.nc
      : >printed
      (launch $ranks run $options vanishes.py) >printed 2>message &
      job=$!
      tries=0
      while [ ! -s printed ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
      mv input.zarr gone.zarr
      rm -r gone.zarr
      got=0
      wait $job || got=$?
      [ $got -eq 3 ] || [ $got -eq 1 ] || complain "status $got instead of 1 or 3"
      said "input.zarr/t2m.*\(No such file or directory\|the array is not there any more\)"
      nothing_left
    done ;;
  input_changes)
    # Written over between two computations: what is read from then on would be of another file. (One that is replaced by a
    # rename stays what it was for whoever has it open.)
    mkdir part
    cat >changes.py <<'END'
import os
import xarray as xr
ds = xr.open_dataset("part/other.nc", chunks={"time": 8})
print(float(ds.t2m.isel(time=0).max()))
while not os.path.exists("changed"):
    pass
(ds.t2m + 1).to_netcdf("out/plain.nc")
END
    : >printed
    for ranks in 0 3; do
      rm -f changed
      cp input.nc part/other.nc
      (launch $ranks run $options changes.py) >printed 2>message &
      job=$!
      tries=0
      while [ ! -s printed ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
      sleep 1.1  # open files are looked at once a second
      cp input.nc part/other.nc
      : >changed
      got=0
      wait $job || got=$?
      [ $got -eq 1 ] || complain "status $got instead of 1"
      said "other.nc: the file changed while running: it is not the one whose metadata was read"
      : >printed
      nothing_left
    done ;;
  read_only_directory)
    mkdir closed
    mount -t tmpfs tmpfs closed && mount -o remount,ro closed || complain "cannot mount"
    for ranks in 0 2; do
      for name in $outputs; do
        run 4 $ranks run $options script.py input.nc closed/$name
        said "cannot create .*closed/$name: .*closed is not writable"
      done
      run 4 $ranks run $options --run-dir closed/progress script.py input.nc out/plain.nc
      said "closed/progress.*Read-only file system"
      [ -z "$(ls -A out)" ] || complain "these are left: $(ls -A out)"
      # Reading from there is another matter.
    done
    umount closed
    mount -t tmpfs tmpfs closed && cp input.nc closed && mount -o remount,ro closed
    run 0 2 run $options script.py closed/input.nc out/plain.nc
    [ -e out/plain.nc ] || complain "nothing is written"
    umount closed
    # The same below what is no directory.
    : >file
    run 4 0 run $options script.py input.nc file/plain.nc
    said "there is no directory .*file; make it" ;;
  signals_at_any_moment)
    # Between the first instruction and the last: every end is one of the documented ones, and one more command finishes.
    begin=$(date +%s%N)
    run 0 2 run $options script.py input.nc out/packed.nc
    lasted_ms=$((($(date +%s%N) - begin) / 1000000))
    number=0
    for signal in TERM USR1 USR2 INT TERM USR1 INT TERM USR1 USR2 INT TERM; do
      number=$((number + 1))
      rm -rf out
      mkdir out
      ranks=$((number % 2 * 2))
      : >message
      (launch $ranks run $options --drain 5s script.py input.nc out/packed.nc) >printed 2>message &
      job=$!
      sleep "$(awk "BEGIN{print $lasted_ms * ($number - 0.5) / 12000}")"
      kill -$signal $job 2>/dev/null
      got=0
      wait $job || got=$?
      case $got in
        0 | 75 | 130) ;;
        1 | 2 | 138 | 140 | 143) [ $ranks -gt 0 ] || [ ! -e out/packed.nc.rankine ] || complain "SIG$signal at part $number of 12: status $got" ;;  # the launcher's own, or before main
        *) complain "SIG$signal at part $number of 12, $ranks ranks: status $got" ;;
      esac
      [ $got -ne 130 ] || nothing_left
      run 0 2 run $options script.py input.nc out/packed.nc
      right out/packed.nc
    done ;;
  closed_streams)
    for ranks in 0 2; do
      for streams in '<&-' '>&-' '2>&-' '<&- >&- 2>&-' '</dev/null >/dev/null 2>/dev/full'; do
        rm -rf out/plain.nc
        got=0
        eval "(launch $ranks run $options script.py input.nc out/plain.nc) $streams" >printed 2>message || got=$?
        [ "$got" -eq 0 ] || complain "$ranks ranks, $streams: status $got"
        right out/plain.nc
        # What a closed stream's number is given to must not get the script's text.
      done
    done
    for stream in 1 2; do
      rm -rf out/plain.nc
      { (launch 0 run --progress plain --threads 1 script.py input.nc out/plain.nc); echo $? >status; } 2>&1 | head -n 1 >printed
      [ "$(cat status)" = 0 ] || complain "a reader that leaves: status $(cat status)"
      right out/plain.nc
    done ;;
  private_files)
    umask 000
    faults="rank=0 io=write errno=ENOSPC count=5"
    run 75 0 run $options --log-file log --run-dir kept script.py input.nc out/plain.nc
    open=$(find kept -perm /077)
    [ -z "$open" ] || complain "others can read $open"
    faults=
    run 0 0 resume $options kept
    open=$(find kept -perm /077)
    [ -z "$open" ] || complain "others can read $open" ;;
  *) complain "no such case" ;;
esac
[ $failed -eq 0 ] && cd / && rm -rf "$work"
exit $failed
