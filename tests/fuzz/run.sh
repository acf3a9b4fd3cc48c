#!/bin/sh
# Fuzzes every target with libFuzzer for a bounded time: run.sh BUILD_DIR [SECONDS_EACH=20] [TARGET...].
# Needs clang (sh .ci/install_packages.sh fuzz). What crashes a target is kept in BUILD_DIR/crashes; replay it with
# BUILD_DIR/bin/fuzz_TARGET FILE. JOBS: compilers and targets at a time (default: the cores).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
seconds=${2:-20}
[ $# -ge 2 ] && shift 2 || shift 1
targets=${*:-wire script calendar codec netcdf3 hdf5 zarr shard zip}
jobs=${JOBS:-$(nproc)}
generator=
command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
[ -f "$build/CMakeCache.txt" ] && generator=
# Rooms that only have to be linked are neither instrumented nor optimised.
cmake -S "$here/../.." -B "$build" $generator -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O0 -g0 -D_GLIBCXX_ASSERTIONS" \
  -DCMAKE_CXX_COMPILER=clang++ -DRANKINE_FUZZ=ON -DRANKINE_UNITY=OFF -DRANKINE_BENCH=OFF -DRANKINE_EXAMPLES=OFF
names=
for target in $targets; do names="$names fuzz_$target"; done
cmake --build "$build" -j "$jobs" --target $names fuzz_wire_seeds
seeds=$build/tests/fuzz/seeds
ASAN_OPTIONS=detect_leaks=0 sh "$here/make_seeds.sh" "$build/bin/fuzz_wire_seeds" "$seeds"
mkdir -p "$build/crashes"
# No input is larger than 64 KiB; no single allocation may be larger than 256 MiB.
fuzz='
  mkdir -p "$0/corpus/$1"
  status=passed
  ASAN_OPTIONS=allocator_may_return_null=0:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
    "$0/bin/fuzz_$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$0/crashes/$1-" "$0/corpus/$1" "$0/tests/fuzz/seeds/$1" \
    >"$0/crashes/$1.log" 2>&1 || status=FAILED
  units=$(sed -n "s/stat::number_of_executed_units: *//p" "$0/crashes/$1.log")
  peak=$(sed -n "s/stat::peak_rss_mb: *//p" "$0/crashes/$1.log")
  echo "fuzz_$1 $status: ${units:-no} inputs in $2 s, ${peak:-?} MiB at most"
  [ "$status" = passed ] && exit 0
  grep -E "ERROR|SUMMARY|runtime error|Test unit" "$0/crashes/$1.log" || tail -20 "$0/crashes/$1.log"
  exit 1'
if printf '%s\n' $targets | xargs -P "$jobs" -I TARGET sh -c "$fuzz" "$build" TARGET "$seconds"; then
  echo "no target failed"
else
  echo "a target failed; inputs are in $build/crashes" >&2
  exit 1
fi
