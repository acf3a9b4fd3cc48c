#!/bin/bash
#$ -N rankine
#$ -pe mpi 8
#$ -cwd
#$ -l h_rt=01:00:00
#$ -notify
#$ -r y
# A pipeline under Grid Engine that survives lost ranks, and goes on in a job of its own when the time is up:
#     qsub jobscripts/grid_engine.sh SCRIPT [WORD...]
# The parallel environment's name ("mpi") is the site's. RANKINE and RUN_DIR as in slurm.sh.
set -u
options=(--threads 1 --run-dir "${RUN_DIR:-$(basename "$1").${JOB_ID}.run}")

# The run ends by itself two minutes before its time. A job that ran into a limit, s_rt too, is not queued again whatever
# its status.
limit=$(qstat -j "$JOB_ID" | sed -n 's/^hard resource_list:.*h_rt=\([0-9]*\).*/\1/p')
[ -z "$limit" ] || options+=(--end-time "+${limit}s")

# A rank that is lost leaves without MPI_Finalize, and so do the others then. Open MPI must take that for what it is.
export OMPI_MCA_orte_allowed_exit_without_sync=1

mpirun --bind-to none -n "$NSLOTS" "${RANKINE:-rankine}" run "${options[@]}" "$@" &
job=$!
for signal in TERM USR1 USR2; do trap "kill -$signal $job 2>/dev/null" $signal; done
while kill -0 $job 2>/dev/null; do
  wait $job
  launcher_status=$?
done

# Whoever deletes a job (qdel) means the jobs that would follow it too.
deleted() { qstat -u "$(id -un)" | awk -v job="$JOB_ID" '$1 == job && $5 ~ /d/ { found = 1 } END { exit !found }'; }

# A launcher's status is its own once a rank is lost.
status=0
"${RANKINE:-rankine}" status "${options[3]}" || status=$?
if [ $status -eq 75 ] && deleted; then
  echo "job $JOB_ID was deleted, no job follows it; go on with: RUN_DIR=${options[3]} qsub $0 $*"
elif [ $status -eq 75 ]; then
  # A job that is queued again (status 99) can wait for ever until Grid Engine has cleaned up on its other hosts; so a new
  # one goes on, with the limit, slots and logs of this one. Where jobs may not submit jobs there is only 99.
  export RUN_DIR=${options[3]}
  again=(-hold_jid "$JOB_ID" -pe "$PE" "$NSLOTS" -o "$SGE_STDOUT_PATH" -e "$SGE_STDERR_PATH" -V)
  [ -z "$limit" ] || again+=(-l "h_rt=$limit")
  qsub "${again[@]}" "$0" "$@" || exit 99
fi
[ $status -eq 0 ] || exit $status
[ "$launcher_status" -eq 0 ] || echo "the launcher says $launcher_status, the run itself succeeded"
