#!/bin/sh
# Kills, crashes and stops random ranks of real MPI jobs at random moments, and kills whole jobs, which are then gone on with on
# another number of ranks. Every run must end with status 0, give bitwise what an undisturbed run gives, and leave no
# process behind.
#
#     sh tests/chaos.sh --runs N --build DIR [--seed S] [--first I] [--keep DIR]
#
# Run I of seed S is always the same script, ranks, threads, victims, signals and moments (as parts of the time between an
# undisturbed job's forming and its end, measured first); a run that ended before anything struck is repeated with earlier moments. A
# failure prints the command that repeats it. The last line is "N of N ended bitwise equal".
set -u
runs=10 build="" seed=1 first=1 keep=""
while [ $# -gt 0 ]; do
  case $1 in
    --runs) runs=$2 ;;
    --build) build=$2 ;;
    --seed) seed=$2 ;;
    --first) first=$2 ;;
    --keep) keep=$2 ;;
    *) echo "usage: sh tests/chaos.sh --runs N --build DIR [--seed S] [--first I] [--keep DIR]" >&2; exit 2 ;;
  esac
  shift 2
done
[ -n "$build" ] && build=$(cd "$build" && pwd) || { echo "chaos.sh: --build DIR is missing" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
rankine=$build/bin/rankine
make_input=$(find "$build" -name make_era5_like -type f | head -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
export OMPI_MCA_orte_allowed_exit_without_sync=1 OMPI_MCA_mpi_yield_when_idle=1 SOURCE_DATE_EPOCH=1700000000
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
"$make_input" input.nc 300 25 91 120

cat >anomaly.py <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc", chunks={"time": 25})
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
anomaly.to_netcdf("out/packed.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
anomaly.std("time").to_netcdf("out/std.nc")
print(f"{float(anomaly.max()):.17g}")
END
cat >rechunk.py <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc", chunks={"time": 25})
turned = ds.transpose("longitude", "latitude", "time").chunk({"longitude": 45, "latitude": 60, "time": 300})
(turned * 2).to_zarr("out/turned.zarr", mode="w")
turned.t2m.mean("time").to_netcdf("out/mean.nc")
END
cat >many.py <<'END'
import xarray as xr
ds = xr.open_dataset("input.nc", chunks={"time": 2, "latitude": 91, "longitude": 120})
daily = ds.t2m.resample(time="1D").mean()
(daily - daily.mean("time")).to_netcdf("out/daily.nc", encoding={"t2m": {"zlib": True, "complevel": 1}})
ds.t2m.var(["latitude", "longitude"]).to_zarr("out/var.zarr", mode="w")
print(f"{float(ds.t2m.mean()):.17g}")
END

cat >delayed.py <<'END'
import dask
from dask.distributed import Client

client = Client()

def step(x, n):
    total = x
    for i in range(n):
        total = (total * 1103515245 + 12345) % 2147483648
    return total

def add(a, b):
    return (a + b) % 2147483648

delayed_step = dask.delayed(step)
delayed_add = dask.delayed(add)
values = [delayed_step(i, 600000) for i in range(64)]
while len(values) > 1:
    values = [delayed_add(values[2 * i], values[2 * i + 1]) for i in range(len(values) // 2)]
print(values[0].compute())
futures = client.map(step, list(range(100, 140)), [100000] * 40)
print(sum(client.gather(futures)))
END

digest() {
  find out -name '*.nc' | sort | while read -r file; do ncdump -p 9,17 "$file"; done | sha256sum
  find out -path '*.zarr/*' -type f | sort | xargs -r sha256sum | sha256sum
  cat printed
}

now_ms() { date +%s%3N; }

state=0
draw() { # a number below $1, into $drawn
  state=$(((state * 1103515245 + 12345) % 2147483648))
  drawn=$((state / 65536 % $1))
}

ours() { # processes of this run: the ranks, and everything of it
  grep -lsz "^RANKINE_CHAOS=$tag\$" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'
}
rank_pid() { # the process that is rank $1, not its supervisor
  for pid in $(ours); do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = rankine ] || continue
    grep -qsz "^OMPI_COMM_WORLD_RANK=$1\$" "/proc/$pid/environ" && echo "$pid" && return
  done
}
left_over() {
  for pid in $(ours); do
    case $(cat "/proc/$pid/comm" 2>/dev/null) in rankine | rankine-watch | mpirun | orted) echo "$pid" ;; esac
  done
}

for script in anomaly rechunk many delayed; do
  rm -rf out
  mkdir out
  "$rankine" run --quiet --threads 2 $script.py >printed || { echo "chaos.sh: the undisturbed $script.py fails" >&2; exit 1; }
  digest >$script.expected
done

options="--progress off --log-file log --heartbeat-interval 300ms --heartbeat-timeout 3s --max-worker-kills 100 --checkpoint-every 200ms"

start_job() { # ranks, words of rankine: in the background, as $job; returns when the job has formed: rank 0 has the script
  : >log
  start_ranks=$1
  shift
  # shellcheck disable=SC2086
  RANKINE_CHAOS=$tag timeout -k 10 300 mpirun -n "$start_ranks" --oversubscribe --bind-to none --quiet "$rankine" "$@" >printed 2>message &
  job=$!
  tries=0
  until [ -s log ] || [ $tries -ge 600 ] || ! kill -0 $job 2>/dev/null; do sleep 0.02; tries=$((tries + 1)); done
  begin=$(now_ms)
}

wait_until_ms() { # after $begin
  wait_ms=$((begin + $1 - $(now_ms)))
  [ $wait_ms -le 0 ] || sleep "$((wait_ms / 1000)).$(printf %03d $((wait_ms % 1000)))"
}

strike_ranks() { # the faults of $plan, with moments as parts of $whole; says what struck in $struck
  for fault in $plan; do
    moment=${fault%%:*} signal=${fault##*:}
    victim=${fault#*:}
    victim=${victim%:*}
    wait_until_ms $((moment * whole / 1000))
    pid=$(rank_pid "$victim")
    [ -n "$pid" ] && kill -$signal "$pid" 2>/dev/null && struck="$struck rank $victim SIG$signal at $(($(now_ms) - begin)) ms;"
  done
}

strike_job() { # everything at once, as when the power fails; then another job goes on
  wait_until_ms $((first_moment * whole / 1000))
  [ -n "$(rank_pid 0)" ] || return
  at=$(($(now_ms) - begin))
  while pids=$(left_over) && [ -n "$pids" ]; do
    for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
  done
  wait $job 2>/dev/null
  directory=$(ls -d out/*.rankine ./*.rankine 2>/dev/null | head -1)
  # Nothing is struck if it had ended just then; where it had not begun to write, the same command starts anew.
  if [ -n "$directory" ] && [ -e "$directory/journal" ]; then
    start_job $other_ranks resume $options --threads $threads "$directory"
    struck=" all of it SIGKILL at $at ms, gone on with on $other_ranks ranks;"
  else
    start_job $other_ranks run $options --threads $threads $script.py
    struck=" all of it SIGKILL at $at ms, begun anew on $other_ranks ranks;"
  fi
}

good=0
run=$first
while [ $run -lt $((first + runs)) ]; do
  state=$(((seed * 7919 + run * 104729) % 2147483648))
  draw 100
  draw 4
  script=$(echo anomaly rechunk many delayed | cut -d' ' -f$((drawn + 1)))
  draw 3
  ranks=$((4 + drawn))
  draw 2
  threads=$((1 + drawn))
  draw 4
  faults=$((1 + drawn * drawn * (ranks - 3) / 9))   # mostly one, at most all workers but one
  plan=""
  i=0
  while [ $i -lt $faults ]; do
    draw $((ranks - 1)); victim=$((1 + drawn))
    draw 3; signal=$(echo KILL STOP SEGV | cut -d' ' -f$((drawn + 1)))
    draw 800; moment=$drawn
    plan="$plan $moment:$victim:$signal"
    i=$((i + 1))
  done
  plan=$(echo "$plan" | tr ' ' '\n' | grep . | sort -n | tr '\n' ' ')
  first_moment=${plan%%:*}
  draw 4
  kind=$([ $drawn -eq 0 ] && echo job || echo ranks)
  draw 3
  other_ranks=$((4 + (ranks - 4 + 1 + drawn % 2) % 3))

  # How long it takes with so many ranks once it has formed, measured once.
  if [ ! -e $script.$ranks.$threads.ms ]; then
    tag=$$-measured
    rm -rf out
    mkdir out
    start_job $ranks run $options --threads $threads $script.py
    wait $job
    echo $(($(now_ms) - begin)) >$script.$ranks.$threads.ms
  fi
  whole=$(cat $script.$ranks.$threads.ms)

  repetition=0
  while :; do
    tag=$$-$run-$repetition
    rm -rf out ./*.rankine
    mkdir out
    struck=""
    start_job $ranks run $options --threads $threads $script.py
    if [ $kind = job ]; then strike_job; else strike_ranks; fi
    status=0
    wait $job || status=$?
    [ -z "$struck" ] && [ $status -eq 0 ] && [ $repetition -lt 6 ] || break
    repetition=$((repetition + 1))
    whole=$((whole / 2))
  done
  tries=0
  while [ -n "$(left_over)" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  wrong=""
  [ $status -eq 0 ] || wrong="status $status"
  [ -n "$struck" ] || wrong="$wrong; nothing struck"
  [ -z "$(left_over)" ] || wrong="$wrong; processes left: $(left_over | tr '\n' ' ')"
  if [ $status -eq 0 ]; then
    digest >digest
    cmp -s digest $script.expected || wrong="$wrong; another result"
    [ -z "$(find out -name '.*.rankine-*')" ] || wrong="$wrong; unfinished outputs are left"
    [ -z "$(ls -d out/*.rankine ./*.rankine 2>/dev/null)" ] || wrong="$wrong; the run directory is left"
  fi
  echo "run $run: $script.py, $ranks ranks x $threads threads,${struck:- nothing struck;} lost $(grep -c 'lost rank' message): ${wrong:-equal}"
  if [ -z "$wrong" ]; then
    good=$((good + 1))
  else
    sed 's/^/    /' message
    echo "    repeat with: sh tests/chaos.sh --runs 1 --build $build --seed $seed --first $run"
    [ -n "$keep" ] && mkdir -p "$keep/$run" && cp -r out log message printed digest "$keep/$run" 2>/dev/null
    for pid in $(left_over); do kill -9 "$pid" 2>/dev/null; done
  fi
  run=$((run + 1))
done
echo "$good of $runs ended bitwise equal"
[ $good -eq "$runs" ]
