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
# LINKS     further jobs that may follow this one (default 20); none follows one that is cancelled (scancel)
# LAUNCH    mpirun (default) or srun: what starts the ranks. Under srun a job goes on without a node that it loses, and is
#           queued again if that was its first; under mpirun the loss of a node ends it, and the next job goes on.
# GUARD     seconds (default 60) between looks whether the job still has its first node
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
# With --no-kill a job outlives the node of this very script, and would idle to its end. Somebody elsewhere has to see it.
if [ "${LAUNCH:-mpirun}" = srun ] && [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
  srun --overlap --no-kill --relative=1 --nodes=1 --ntasks=1 --cpus-per-task=1 --mem=0 bash -c '
    while sleep "${GUARD:-60}"; do
      left=$(squeue -h -j "$SLURM_JOB_ID" -t running -o %N) && [ -n "$left" ] || continue
      scontrol show hostnames "$left" | grep -qxF "$0" || scontrol requeue "$SLURM_JOB_ID"
    done' "$SLURMD_NODENAME" >/dev/null 2>&1 &
fi

for signal in TERM USR1 USR2; do trap "kill -$signal $job 2>/dev/null" $signal; done
while kill -0 $job 2>/dev/null; do
  wait $job
  launcher_status=$?
done

# Whoever cancels a job (scancel) means the jobs that would follow it too. Slurm says of a job that it ends before its own
# script does why: for want of time, for a job that goes before it, or for no reason, which is scancel. A mere signal
# (--signal above, scancel --signal) leaves it running.
cancelled() {
  local facts
  facts=" $(scontrol -o show job "$SLURM_JOB_ID" 2>/dev/null) "
  case $facts in *" JobState=RUNNING "* | *" PreemptTime="[0-9]*) return 1 ;; esac
  case $facts in *" JobState=COMPLETING Reason=None "* | *" JobState=CANCELLED Reason=None "*) return 0 ;; esac
  return 1
}

# A launcher's status is its own once a rank is lost.
status=0
"${RANKINE:-rankine}" status "$run_dir" || status=$?
if [ $status -eq 75 ] && cancelled; then
  echo "job $SLURM_JOB_ID was cancelled, no job follows it; go on with: RUN_DIR=$run_dir sbatch $0 ${words[*]}"
elif [ $status -eq 75 ] && [ "${LINKS:-20}" -gt 0 ]; then
  # sbatch's own options are not in this file: the next job asks for what this one was given, and adds to the same log.
  again=(--nodes="$SLURM_JOB_NUM_NODES" --partition="$SLURM_JOB_PARTITION" --time="$(squeue -h -j "$SLURM_JOB_ID" -o %l)")
  log=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *StdOut=//p')
  [ -z "$log" ] || again+=(--output="$log")
  for option in ntasks:NTASKS ntasks-per-node:NTASKS_PER_NODE cpus-per-task:CPUS_PER_TASK mem:MEM_PER_NODE \
    mem-per-cpu:MEM_PER_CPU account:JOB_ACCOUNT qos:JOB_QOS; do
    value=SLURM_${option#*:}
    [ -z "${!value:-}" ] || again+=(--${option%:*}="${!value}")
  done
  RUN_DIR=$run_dir LINKS=$((${LINKS:-20} - 1)) \
    sbatch --export=ALL --dependency=afterany:"$SLURM_JOB_ID" "${again[@]}" "$0" "${words[@]}"
fi
[ $status -eq 0 ] || exit $status
[ "$launcher_status" -eq 0 ] || echo "the launcher says $launcher_status, the run itself succeeded"
