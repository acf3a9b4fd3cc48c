#!/bin/sh
# jobscripts/slurm.sh on a real Slurm of four nodes (slurm_cluster.sh), of which a job has three: what a user submits must end with the values of an
# undisturbed run, whatever happens to the nodes.
#     slurm_nodes.sh RANKINE MAKE_ERA5_LIKE JOBSCRIPT CASE
# Ends with 77, and says why, where no such cluster can be made.
set -u
rankine=$(realpath "$1") make_input=$(realpath "$2") jobscript=$(realpath "$3") case=$4
. "$(dirname "$0")/slurm_cluster.sh"
missing=$(cluster_missing)
if [ -n "$missing" ]; then
  echo "skipped: $missing is missing"
  exit 77
fi
# One such cluster at a time on a machine. Nodes have a /tmp of their own, but see /var/tmp.
exec 9>/var/tmp/rankine-batch-test.lock
flock 9
cluster=$(mktemp -d /var/tmp/rankine-batch.XXXXXX)
trap 'cluster_down; rm -rf "$cluster"' EXIT
trap 'exit 1' INT TERM
export SOURCE_DATE_EPOCH=1700000000 OMPI_MCA_mpi_yield_when_idle=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

fail() {
  echo "$case: $*" >&2
  for file in "$cluster"/work/log*; do echo "--- $file"; tail -n 40 "$file"; done >&2
  squeue -o '%i %T %r %N' >&2
  exit 1
}

digest() {
  (cd out && find anomaly.zarr -type f | sort | xargs sha256sum; ncdump -p 9,17 mean.nc) | sha256sum
}

outputs_have() { [ "$(find out -type f 2>/dev/null | wc -l)" -ge "$1" ]; }
job_is() { squeue -h -j "$1" -o %T 2>/dev/null | grep -q -e "$2"; }
queue_is_empty() { [ -z "$(squeue -h -o %i)" ]; }

mkdir "$cluster/work"
cd "$cluster/work" || exit 1
"$make_input" input.nc 1500 10 91 180 >/dev/null
cat >script.py <<'END'
import xarray as xr

ds = xr.open_dataset("input.nc", chunks={"time": 2})
months = ds.t2m.groupby("time.month")
anomaly = months - months.mean("time")
anomaly.to_zarr("out/anomaly.zarr", mode="w")
ds.t2m.mean("time").to_netcdf("out/mean.nc")
END
mkdir out
"$rankine" run --quiet --threads 2 script.py || fail "the undisturbed run fails"
expected=$(digest)
chunks=$(find out -type f | wc -l)
rm -rf out
mkdir out

cluster_up 4 2 "$(dirname "$(dirname "$rankine")")" >/dev/null || fail "the cluster does not come up: $(tail -n 5 "$cluster"/log/*)"
export RANKINE="$rankine" RUN_DIR="$cluster/work/run" LAUNCH=srun GUARD=3
# So that a job lasts long enough to be struck, on any machine.
export RANKINE_REHEARSE="rank=any task=write slow=300"
options="--nodes=3 --ntasks-per-node=2 --cpus-per-task=1 --time=10 --output=log-%j"

submit() { # sbatch options
  # shellcheck disable=SC2086
  for try in 1 2 3; do
    job=$(sbatch --parsable $options "$@" "$jobscript" script.py) || fail "sbatch refuses"
    wait_until 60 outputs_have $((chunks / 5)) && return
    # Where all nodes share two cores, Open MPI 4.1 under Slurm's PMIx now and then lets a rank send before rank 0 has come out of
    # MPI_Init, which crashes there: before a line of the program that is tested.
    grep -q "Exited with exit code 139" log-* || break
    echo "$case: MPI_Init crashed, start $try" >&2
    scancel "$job"
    wait_until 120 queue_is_empty && wait_until 120 nodes_are_idle 4 || break
    rm -rf out run log-*
    mkdir out
  done
  fail "the job does not get anywhere"
}

finishes() {
  wait_until 300 queue_is_empty || fail "jobs do not end"
  got=0
  "$rankine" status "$RUN_DIR" >status || got=$?
  [ $got -eq 0 ] || fail "status $got: $(cat status)"
  [ "$(digest)" = "$expected" ] || fail "the values are others"
}

case $case in
  node_powered_off)
    submit
    node_off 3
    finishes
    grep -q "lost rank" log-* || fail "no rank was lost"
    ;;
  cable_cut)
    submit
    node_cut 2
    finishes
    grep -q "lost rank" log-* || fail "no rank was lost"
    ;;
  warned)
    submit
    scancel --batch --signal=USR1 "$job"
    finishes
    grep -q "^Submitted batch job" log-* || fail "no second job"
    ;;
  cancelled)
    # No job follows one that is cancelled, warned before or not; what it has done can be gone on with.
    for warned in no yes; do
      rm -rf out run log-*
      mkdir out
      if [ $warned = yes ]; then
        submit --export=ALL,RANKINE_REHEARSE="rank=any task=write slow=2000"
        scancel --batch --signal=USR1 "$job"
        sleep 0.5
      else
        submit
      fi
      scancel "$job"
      wait_until 120 queue_is_empty || fail "the job does not end"
      ! grep -q "^Submitted batch job" log-* || fail "a job follows, warned: $warned"
      # Slurm may kill the job script before the running tasks of one that was warned have ended.
      [ $warned = yes ] || grep -q "^job $job was cancelled, no job follows it; go on with: RUN_DIR=.* sbatch .* script.py" log-* || fail "not said so"
      "$rankine" status "$RUN_DIR" >status
      [ $? -eq 75 ] || fail "no status 75: $(cat status)"
    done
    "$rankine" resume --quiet "$RUN_DIR" || fail "it cannot be gone on with"
    [ "$(digest)" = "$expected" ] || fail "the values are others"
    ;;
  node_powered_off_under_mpirun)  # mpirun gives the job up; the next one goes on
    export LAUNCH=mpirun
    submit
    node_off 3
    finishes
    grep -q "^Submitted batch job" log-* || fail "no second job"
    ;;
  first_node_powered_off)  # with rank 0 and the job script: Slurm queues the job again
    submit
    node_off 1
    finishes
    ;;
  *) fail "no such case" ;;
esac
echo "$case: as it should be"
