#!/bin/bash
#SBATCH --job-name=rankine
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=01:00:00
#SBATCH --no-kill
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@180
# A pipeline under Slurm that survives lost ranks, and goes on in a job of its own when the time is up:
#     sbatch jobscripts/slurm.sh SCRIPT [WORD...]
#
# RANKINE   the program (default: rankine)
# RUN_DIR   where progress is kept and the outcome is written (default: SCRIPT.JOBID.run); the job's status is the one
#           that is found there
# LINKS     further jobs that may follow this one (default 20)
# LAUNCH    mpirun (default) or srun: what starts the ranks. With srun --no-kill a job can go on without one of its nodes;
#           under mpirun the loss of a node ends it.
set -u
words=("$@")
run_dir=${RUN_DIR:-$(basename "$1").${SLURM_JOB_ID}.run}

# A rank that is lost leaves without MPI_Finalize, and so do the others then. Open MPI must take that for what it is.
export OMPI_MCA_orte_allowed_exit_without_sync=1

case ${LAUNCH:-mpirun} in
  srun) set -- srun --mpi=pmix --kill-on-bad-exit=0 --no-kill "${RANKINE:-rankine}" run --run-dir "$run_dir" "$@" ;;
  *) set -- mpirun --bind-to none "${RANKINE:-rankine}" run --run-dir "$run_dir" "$@" ;;
esac

# In the background: a shell that waits for a foreground job hears no signal.
"$@" &
job=$!
for signal in TERM USR1 USR2; do trap "kill -$signal $job 2>/dev/null" $signal; done
while kill -0 $job 2>/dev/null; do
  wait $job
  launcher_status=$?
done

# A launcher's status is its own once a rank is lost.
status=0
"${RANKINE:-rankine}" status "$run_dir" || status=$?
if [ $status -eq 75 ] && [ "${LINKS:-20}" -gt 0 ]; then
  RUN_DIR=$run_dir LINKS=$((${LINKS:-20} - 1)) sbatch --export=ALL --dependency=afterany:"$SLURM_JOB_ID" "$0" "${words[@]}"
fi
[ $status -eq 0 ] || exit $status
[ "$launcher_status" -eq 0 ] || echo "the launcher says $launcher_status, the run itself succeeded"
