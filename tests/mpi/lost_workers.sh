#!/bin/sh
# Ranks that die or hang on purpose (RANKINE_REHEARSE): the run must give what an undisturbed one gives, bit by bit, with
# status 0, say which ranks were lost, and leave no process behind.
#     lost_workers.sh RANKINE MPIRUN "MPIRUN_FLAGS" MAKE_ERA5_LIKE WORK CASE
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/faulty_run.sh"
export RANKINE_LOST_TAG="lost-$$"
cp "$here/lost_workers.py" script.py

digest() { # values and attributes of the outputs, and what was printed
  for file in plain packed mixed; do ncdump -p 9,17 "out/$file.nc"; done | sha256sum
  (cd out/both.zarr && find . -type f | sort | xargs sha256sum) | sha256sum
  cat printed
}

# Processes of this test, whatever has become of their parents.
ours() { grep -lsz "RANKINE_LOST_TAG=$RANKINE_LOST_TAG" /proc/[0-9]*/environ | tr -dc '0-9\n' | while read -r pid; do
  case $(cat "/proc/$pid/comm" 2>/dev/null) in rankine | rankine-watch) echo "$pid" ;; esac
done; }

run() { # ranks, faults, options
  ranks=$1 faults=$2
  shift 2
  rm -rf out
  mkdir out
  got=0
  # shellcheck disable=SC2086
  RANKINE_REHEARSE=$faults timeout -k 5 200 "$mpirun" -n "$ranks" $flags "$rankine" run --progress off --heartbeat-interval 300ms \
    --heartbeat-timeout 3s "$@" script.py >printed 2>message || got=$?
  tries=0
  while [ -n "$(ours)" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  [ -z "$(ours)" ] || complain "these processes are left: $(ours | tr '\n' ' ')"
  [ "$case" = outcome ] && [ "$got" -ne 0 ] && rm -rf out && mkdir out  # a rank 0 that is killed cannot tidy up
  left=$(find out -name '.*.rankine-*')
  [ -z "$left" ] || [ "$got" -eq 75 ] || complain "these are left: $left"
}

# survives LOST|some RANKS FAULTS [OPTION...]: so many ranks are lost, and the result is right.
survives() {
  lost=$1
  shift
  run "$@"
  [ "$got" -eq 0 ] || { complain "status $got instead of 0"; return; }
  said=$(grep -c "^warning: lost rank" message)
  if [ "$lost" = some ]; then
    [ "$said" -gt 0 ] || complain "nobody was lost"
  else
    [ "$said" -eq "$lost" ] || complain "$said ranks are said to be lost instead of $lost"
  fi
  ! grep -q "^rankine: rank 0 " message || complain "rank 0 is said to have ended"
  digest >digest
  cmp digest expected >&2 || complain "the result is another one"
}

# ends STATUS TEXT RANKS FAULTS [OPTION...]
ends() {
  wanted=$1 text=$2
  shift 2
  run "$@"
  [ "$got" -eq "$wanted" ] || complain "status $got instead of $wanted"
  grep -q -e "$text" message || complain "nothing says '$text'"
  [ -z "$(ls out)" ] || complain "there are outputs: $(ls out)"
}

mkdir -p out
"$rankine" run --quiet --threads 1 script.py >printed 2>message || { complain "the undisturbed run fails"; exit 1; }
digest >expected
cp printed expected_printed
ncdump -p 9,17 out/packed.nc >expected_packed

case $case in
  none) survives 0 4 "" ;;
  killed)
    survives 1 4 "rank=2 count=5"
    grep -q "lost rank 2 on .*: it was killed by signal 9 (Killed); the run goes on with [23] workers" message || complain "not said so" ;;
  copied)
    # What took long and is small is there for the second time; tasks take as long as they are told to.
    survives 1 4 "rank=any task=block slow=80; rank=any task=write slow=40; rank=2 task=write count=3" --scheduler-works=no --replicate-results 4MiB --verbose
    grep -q "results that it held are there for the second time" message || complain "no copy was used" ;;
  crashed) survives 1 4 "rank=3 count=3 signal=11" ;;
  hung)
    survives 1 4 "rank=1 count=4 signal=19"
    grep -q "lost rank 1 on .*: it did not answer for 3 s and was ended" message || complain "not said so" ;;
  two_at_once) survives 2 4 "rank=1 count=3; rank=2 count=3" ;;
  during_recovery) survives 3 5 "rank=1 count=4; rank=2 count=6; rank=3 count=8 signal=11" --scheduler-works=no ;;
  rank_0_alone) survives 3 4 "rank=1 count=2; rank=2 count=4 signal=11; rank=3 count=6" --scheduler-works=yes ;;
  one_worker_left) survives 2 4 "rank=1 count=6; rank=3 count=2" --scheduler-works=no ;;
  none_left)
    run 3 "rank=any count=4" --scheduler-works=no
    [ "$got" -eq 75 ] || complain "status $got instead of 75"
    grep -q "no worker is left: rank [12] was killed .* rank [12] was killed .*; [0-9]* of [0-9]* tasks were done; go on with: rankine resume" message ||
      complain "not said so"
    "$rankine" status "$(ls -d out/*.rankine)" >status
    [ $? -eq 75 ] && grep -q "^tasks: [1-9][0-9]* of [1-9][0-9]* done" status || complain "rankine status: $(cat status)"
    "$rankine" resume --quiet "$(ls -d out/*.rankine)" >printed 2>message || complain "it cannot be gone on with"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  calls_killer)
    # A function kills whoever runs it, on enough ranks and on too few.
    cp "$here/lost_calls.py" script.py
    ends 1 "not tried again: 3 ranks have died while they ran it; rank [1-4] was killed .*; rank [1-4] was killed .*; rank [1-4] was killed .* (task last_square)" 5 "rank=any task=last_square signal=11" --scheduler-works=no --run-dir outcome
    "$rankine" status outcome >status
    [ $? -eq 1 ] && grep -q "^tasks: [0-9]* of 41 done" status && [ "$(grep -c '^lost rank' status)" -eq 3 ] || complain "rankine status: $(cat status)"
    ends 1 "no worker is left: each died while it ran task last_square" 3 "rank=any task=last_square signal=11" --scheduler-works=no
    [ "$(grep -c '^  rank [12] was killed by signal 11' message)" -eq 2 ] || complain "it does not name both ranks" ;;
  calls_none_left)
    cp "$here/lost_calls.py" script.py
    ends 75 "no worker is left: rank [12] was killed .* rank [12] was killed .*; [0-9]* of 41 tasks were done; go on with: rankine resume" 3 \
      "rank=1 task=square count=4; rank=2 task=square count=25" --scheduler-works=no --run-dir outcome
    "$rankine" status outcome >status
    [ $? -eq 75 ] && grep -q "^resumable (exit status 75)" status && grep -q "^tasks: [0-9]* of 41 done" status || complain "rankine status: $(cat status)"
    "$rankine" resume --quiet outcome >printed 2>message || complain "it cannot be gone on with"
    [ "$(cat printed)" = 20540 ] || complain "it printed $(cat printed)" ;;
  owner) survives some 4 "rank=any task=append count=3" --scheduler-works=yes --max-worker-kills 100 ;;
  owner_after_owner)
    # Whoever appends to the file dies at its fifth task of it, until rank 0 does it.
    run 4 "rank=any task=mixed.nc count=5" --scheduler-works=yes --max-worker-kills 100
    [ "$got" -eq 0 ] || complain "status $got instead of 0"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  faulty_rank)
    # Every task fails on one rank, and succeeds elsewhere.
    survives 1 4 "rank=2 error=no+such+mount"
    grep -q "lost rank 2 on .*: it is not used any more: 3 tasks failed there that succeeded elsewhere, the last with: no such mount" message ||
      complain "not said so" ;;
  failing_task)
    # One task fails wherever it is tried.
    ends 1 "^RuntimeError: no such thing (task append (3, 0, 0) of one in mixed.nc, attempt 3 of 3, worker [0-4] on " 5 \
      "rank=any task=append+(3,+0,+0)+of+one error=no+such+thing; rank=0 task=append+(3,+0,+0)+of+one error=no+such+thing"
    grep -q "^  inputs: encode (3, 0, 0) of one in mixed.nc" message || complain "inputs are not named" ;;
  killer_task)
    # One task kills whoever runs it.
    ends 1 "task .* is not tried again: 3 ranks have died while they ran it" 6 "rank=any task=append+(3,+0,+0)+of+one signal=11" --scheduler-works=no
    [ "$(grep -c '^  rank [1-5] was killed by signal 11' message)" -eq 3 ] || complain "it does not name three ranks" ;;
  killer_task_of_few)
    # Two workers are not enough for three deaths: the job that goes on knows of them, and tries once more.
    run 3 "rank=any task=append+(3,+0,+0)+of+one signal=11" --scheduler-works=no
    [ "$got" -eq 75 ] || complain "status $got instead of 75"
    # shellcheck disable=SC2086
    RANKINE_REHEARSE=$faults timeout -k 5 200 "$mpirun" -n 3 $flags "$rankine" resume --progress off --scheduler-works=no \
      "$(ls -d out/*.rankine)" >printed 2>message
    [ $? -eq 1 ] || complain "gone on with it ends otherwise"
    grep -q "task append (3, 0, 0) of one in mixed.nc is not tried again: 3 ranks have died while they ran it" message || complain "not said so"
    [ "$(grep -c '^  rank [12] was killed by signal 11 .*, in an earlier job' message)" -eq 2 ] || complain "earlier deaths are not told"
    [ -z "$(find out -name '*rankine*')" ] || complain "these are left: $(ls -A out)" ;;
  keep_going)
    # Its file is missing, the rest is there, and the script gets its values.
    run 6 "rank=any task=append+(3,+0,+0)+of+one signal=11" --scheduler-works=no --keep-going --run-dir outcome
    [ "$got" -eq 6 ] || complain "status $got instead of 6"
    grep -q "^warning: task append (3, 0, 0) of one in mixed.nc is not tried again: 3 ranks have died while they ran it" message || complain "not said why"
    grep -q "^warning: .*/out/mixed.nc is not written: it needs task append (3, 0, 0) of one in mixed.nc" message || complain "not said what is missing"
    [ "$(ls out | tr '\n' ' ')" = "both.zarr packed.nc plain.nc " ] || complain "these outputs are there: $(ls out)"
    cmp printed expected_printed >&2 || complain "other values"
    ncdump -p 9,17 out/packed.nc | cmp - expected_packed >&2 || complain "packed.nc is another one"
    "$rankine" status outcome >status
    [ $? -eq 6 ] && grep -q "^partial (exit status 6)" status && grep -q "^failed task append (3, 0, 0) of one in mixed.nc" status &&
      [ "$(grep -c '^lost rank' status)" -eq 3 ] || complain "rankine status: $(cat status)" ;;
  outcome)
    # The outcome is there whatever ranks are gone, rank 0 included.
    run 4 "rank=2 count=5" --run-dir outcome
    "$rankine" status outcome >status
    [ $? -eq 0 ] && grep -q "^lost rank 2 on" status && grep -q "^wrote .*/out/both.zarr" status || complain "rankine status: $(cat status)"
    [ "$(stat -c %a outcome)" = 700 ] && [ "$(stat -c %a outcome/outcome.json)" = 600 ] || complain "others can read it"
    rm -rf outcome
    run 3 "rank=0 count=2 signal=11" --scheduler-works=yes --run-dir outcome
    [ "$got" -ne 0 ] && [ "$got" -ne 124 ] || complain "status $got"
    "$rankine" status outcome >status
    [ $? -eq 139 ] && grep -q "rank 0 was killed by signal 11" status || complain "rankine status: $(cat status)"
    mkdir nothing
    "$rankine" status nothing >status 2>&1
    [ $? -eq 3 ] && grep -q "^rankine: nothing holds no run" status || complain "no run: $(cat status)" ;;
  rank_0_killed)
    # Its supervisor says so, in the directory beside the first output too, and the launcher's status is that of the run.
    run 3 "rank=0 count=2" --scheduler-works=yes
    [ "$got" -eq 75 ] || complain "status $got instead of 75"
    directory=$(ls -d "$PWD"/out/*.rankine)
    grep -q "^rankine: rank 0 was killed by signal 9 (Killed); go on with: rankine resume $directory" message || complain "not said so"
    "$rankine" status "$directory" >status
    [ $? -eq 75 ] && grep -q "^error: rank 0 was killed by signal 9" status || complain "rankine status: $(cat status)"
    rm "$directory/outcome.json"
    "$rankine" status "$directory" >status
    [ $? -eq 75 ] && grep -q "^no outcome: process [0-9]* on .*, which had .*, was killed; go on with: rankine resume" status ||
      complain "rankine status: $(cat status)"
    "$rankine" resume --quiet "$directory" >printed 2>message || complain "it cannot be gone on with"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  supervisor_stopped)
    # The run does not need it; its rank lets it go on at the end, or mpirun would wait for it for ever.
    survives 0 4 "rank=2 count=5 signal=19 to=supervisor"
    survives 0 4 "rank=1 at=leave signal=19 to=supervisor"
    survives 0 3 "rank=0 count=2 signal=19 to=supervisor" --scheduler-works=yes ;;
  supervisor_stopped_and_rank_killed)
    # Nobody tells of the death, but silence does.
    survives 1 4 "rank=2 count=5 signal=19 to=supervisor; rank=2 count=6" ;;
  both_stopped)
    # Rank 0 orders the end in vain; the other ranks of the node see to it.
    survives 1 4 "rank=2 count=5 signal=19 to=both"
    grep -q "lost rank 2 on .*: it did not answer for 3 s and was ended" message || complain "not said so"
    survives 1 4 "rank=2 at=close signal=19 to=both" ;;
  both_stopped_at_leave)
    run 4 "rank=3 at=leave signal=19 to=both"
    [ "$got" -eq 0 ] || complain "status $got instead of 0"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  rank_0_stopped | rank_0_and_supervisor_stopped)
    # Its supervisor ends it, or the others' supervisors the job, when these do not hear of it any more.
    if [ $case = rank_0_stopped ]; then
      to=rank
      text="rank 0 was stopped (Stopped (signal)) for 3 s and was ended; go on with: rankine resume"
    else
      to=both
      text="rank 0 has given no sign of life for 9 s, and neither does its supervisor; the job ends"
    fi
    run 3 "rank=0 count=2 signal=19 to=$to" --scheduler-works=yes
    [ "$got" -eq 75 ] || complain "status $got instead of 75"
    grep -q "^rankine: $text" message || complain "not said so"
    directory=$(ls -d "$PWD"/out/*.rankine)
    "$rankine" status "$directory" >status
    [ $? -eq 75 ] && grep -q "rankine resume" status || complain "rankine status: $(cat status)"
    "$rankine" resume --quiet "$directory" >printed 2>message || complain "it cannot be gone on with"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  at_start) survives 2 4 "rank=1 at=start; rank=3 at=start signal=11" ;;
  at_plan) survives 2 4 "rank=1 at=plan; rank=2 at=plan" ;;
  # The script runs a plan for the value it prints and one for the outputs.
  at_close) survives 2 4 "rank=1 at=close count=1; rank=2 at=close count=2" ;;
  hung_at_close) survives 1 4 "rank=2 at=close signal=19" ;;
  at_leave)
    run 4 "rank=2 at=leave"
    [ "$got" -eq 0 ] || complain "status $got instead of 0"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one" ;;
  at_launch)
    # MPI_Init needs everyone: the job ends at once instead.
    run 3 "rank=1 at=launch"
    [ "$got" -ne 0 ] && [ "$got" -ne 124 ] || complain "status $got" ;;
  without_supervisors) survives 0 4 "" --supervisor no ;;
  without_setting)
    # mpirun's status is its own then, but the outputs are there and right.
    unset OMPI_MCA_orte_allowed_exit_without_sync
    run 4 "rank=2 count=5"
    [ "$got" -ne 124 ] || complain "it hangs"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one"
    # The same command may come again because of that status: it finds that all is done.
    grep -q "^rankine: the run is done, but mpirun may end with a status of its own" message || complain "not said so"
    "$rankine" run --verbose --threads 1 script.py >printed 2>message || complain "the same command once more fails"
    grep -q "^  tasks   0$" message || complain "it is done again"
    digest >digest
    cmp digest expected >&2 || complain "the result is another one by then"
    [ -z "$(find out -name '*rankine*')" ] || complain "these are left: $(ls -A out)" ;;
  *) complain "no such case" ;;
esac
[ $failed -eq 0 ] && cd / && rm -rf "$work"
exit $failed
