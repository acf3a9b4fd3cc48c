#!/bin/sh
# jobscripts/grid_engine.sh: which jobs are followed by another one. The batch system, the launcher and the run are made up.
#     grid_engine_chain.sh JOBSCRIPT
set -u
jobscript=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir bin
cat >bin/qstat <<'END'
#!/bin/sh
[ "$1" != -j ] || { echo "hard resource_list:         h_rt=3600"; exit; }
echo "job-ID  prior   name       user         state submit/start at     queue                          slots ja-task-ID"
echo "     41 0.55500 rankine    somebody     dr    11/30/2026 11:00:00 all.q@node1                        3"
echo "     42 0.55500 rankine    somebody     $STATE 11/30/2026 11:00:00 all.q@node1                        3"
END
cat >bin/qsub <<'END'
#!/bin/sh
echo "$RUN_DIR: $*" >submitted
END
printf '#!/bin/sh\nexit "$RUN_STATUS"\n' >bin/mpirun
cp bin/mpirun bin/rankine
chmod +x bin/*
export PATH="$work/bin:$PATH" JOB_ID=42 PE=mpi NSLOTS=3 SGE_STDOUT_PATH=out.log SGE_STDERR_PATH=err.log

expect() { # state, status of the run, status of the job, "follows" or "ends"
  rm -f submitted
  STATE=$1 RUN_STATUS=$2 bash "$jobscript" script.py word >said 2>&1
  got=$?
  [ $got -eq "$3" ] || { echo "state $1, run $2: status $got instead of $3"; cat said; exit 1; }
  case $4 in
    follows) [ "$(cat submitted)" = "script.py.42.run: -hold_jid 42 -pe mpi 3 -o out.log -e err.log -V -l h_rt=3600 $jobscript script.py word" ] ;;
    ends) [ ! -e submitted ] ;;
  esac || { echo "state $1, run $2: $(cat submitted)"; exit 1; }
}

expect r 0 0 ends
expect r 1 1 ends
expect r 75 75 follows
expect dr 75 75 ends
grep -q "^job 42 was deleted, no job follows it; go on with: RUN_DIR=script.py.42.run qsub .*grid_engine.sh script.py word" said || { cat said; exit 1; }
