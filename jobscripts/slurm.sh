#!/bin/bash
#SBATCH --job-name=rankine
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=01:00:00
#SBATCH --no-kill
# A pipeline under Slurm that survives lost ranks:  sbatch jobscripts/slurm.sh SCRIPT [WORD...]
#
# RANKINE   the program (default: rankine)
# RUN_DIR   where the outcome is written (default: SCRIPT.JOBID.run); the job's status is the one that is found there
# LAUNCH    mpirun (default) or srun: what starts the ranks. With srun --no-kill a job can go on without one of its nodes;
#           under mpirun the loss of a node ends it.
set -u
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
"${RANKINE:-rankine}" status "$run_dir" || exit $?
[ "$launcher_status" -eq 0 ] || echo "the launcher says $launcher_status, the run itself succeeded"
