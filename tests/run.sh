#!/bin/sh
# Builds everything and runs every test: unit, MPI, differential, install. On Debian 12 it installs what is
# missing with apt (as root or by sudo).
#
#     tests/run.sh [--sanitize | --more] [ctest arguments...]
#
# --sanitize (CI): the unit tests again, built with address and undefined-behaviour sanitizers; those that run whole jobs
# on the threads of one process, with the thread sanitizer; and, where clang is, every fuzz target for FUZZ_SECONDS
# (default 5) under libFuzzer.
# --more: that, with a minute for each fuzz target.
# BUILD_DIR: where to build (default build/); JOBS: compilers and tests at a time (default: the cores).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sanitize=no
more=no
case ${1:-} in
  --sanitize) sanitize=yes; shift ;;
  --more) sanitize=yes more=yes; shift ;;
esac
[ "${CI:-}" != true ] || sanitize=yes
build=${BUILD_DIR:-$root/build}
jobs=${JOBS:-$(nproc)}

sh "$root/.ci/install_packages.sh" build test
# The fuzzers' compiler is no condition: without it their seeds are replayed by the tests.
[ "$sanitize" = no ] || sh "$root/.ci/install_packages.sh" fuzz || echo "clang cannot be installed; nothing is fuzzed" >&2

generator=
command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
[ -f "$build/CMakeCache.txt" ] && generator=
# The quickstart leaves out tests and benchmarks in the same folder.
cmake -S "$root" -B "$build" $generator -DCMAKE_BUILD_TYPE=Release -DRANKINE_TESTS=ON -DRANKINE_BENCH=ON -DRANKINE_EXAMPLES=ON
cmake --build "$build" -j "$jobs"

# Tests under mpirun use several processes each; two at a time is what small machines bear.
status=0
ctest --test-dir "$build" --output-on-failure -j 2 "$@" || status=$?

if [ "$sanitize" = yes ]; then
  sanitized=$build-sanitize
  generator=
  command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
  [ -f "$sanitized/CMakeCache.txt" ] && generator=
  cmake -S "$root" -B "$sanitized" $generator -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DRANKINE_SANITIZE=address,undefined -DRANKINE_BENCH=OFF -DRANKINE_EXAMPLES=OFF
  cmake --build "$sanitized" -j "$jobs"
  # HDF5 keeps free lists until it is unloaded, which is no leak of ours.
  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 LSAN_OPTIONS=suppressions="$root/.ci/lsan.supp" \
    UBSAN_OPTIONS=print_stacktrace=1 \
    ctest --test-dir "$sanitized" --output-on-failure -j 2 -L unit || status=$?

  # What runs whole jobs, or several threads, in one process.
  threaded=$build-sanitize-thread
  generator=
  command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
  [ -f "$threaded/CMakeCache.txt" ] && generator=
  cmake -S "$root" -B "$threaded" $generator -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DRANKINE_SANITIZE=thread -DRANKINE_BENCH=OFF -DRANKINE_EXAMPLES=OFF
  cmake --build "$threaded" -j "$jobs" --target test_exec test_transport test_worker test_runtime
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
    ctest --test-dir "$threaded" --output-on-failure -R '^(exec|transport|worker|runtime)$' || status=$?

  fuzz_seconds=5
  [ "$more" = no ] || fuzz_seconds=60
  if command -v clang++ >/dev/null 2>&1; then
    JOBS=$jobs sh "$root/tests/fuzz/run.sh" "$build-fuzz" "${FUZZ_SECONDS:-$fuzz_seconds}" || status=1
  fi
fi

[ "$status" -eq 0 ] && echo "all tests passed" || echo "tests failed (ctest status $status)" >&2
exit "$status"
