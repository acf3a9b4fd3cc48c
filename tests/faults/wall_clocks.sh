#!/bin/sh
# A clock that is set back or jumps must end no wait: wall clocks are read where a time is printed, given by the user or asked
# for by a script, or compared with a file's age on another host's word, and nowhere else.   wall_clocks.sh SOURCE_DIR
cd "$1" || exit 1
grep -rlE 'system_clock|std::time\(|[^_a-z]time\(nullptr\)|gettimeofday|CLOCK_REALTIME|utc_clock|last_write_time' src include | sort >"${TMPDIR:-/tmp}/wall_clocks.$$"
cat <<'END' | diff - "${TMPDIR:-/tmp}/wall_clocks.$$"
src/cli/option_table.cpp
src/launch/job.cpp
src/launch/job_outcome.cpp
src/program/rankine.cpp
src/report/reporter.cpp
src/runtime/pipeline_host.cpp
src/spill/scratch_folder.cpp
END
status=$?
rm -f "${TMPDIR:-/tmp}/wall_clocks.$$"
[ $status -eq 0 ] || echo "timeouts, retries and locks use steady clocks (exec::now): add a file here only if it prints or parses times, or looks at the age of a file" >&2
exit $status
