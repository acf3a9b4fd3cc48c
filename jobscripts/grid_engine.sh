#!/bin/bash
#$ -N rankine
#$ -pe mpi 8
#$ -cwd
#$ -l h_rt=01:00:00
#$ -notify
#$ -r y
# A pipeline under Grid Engine that survives lost ranks, and is queued again when the time is up:  qsub jobscripts/grid_engine.sh SCRIPT [WORD...]
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

# A launcher's status is its own once a rank is lost. 99 has Grid Engine queue the job again, which goes on then.
status=0
"${RANKINE:-rankine}" status "${options[3]}" || status=$?
[ $status -ne 75 ] || exit 99
[ $status -eq 0 ] || exit $status
[ "$launcher_status" -eq 0 ] || echo "the launcher says $launcher_status, the run itself succeeded"
