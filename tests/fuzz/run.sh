#!/bin/sh
# Fuzzes every target with libFuzzer for a bounded time: run.sh BUILD_DIR [SECONDS_EACH=20] [TARGET...].
# Needs clang (sh .ci/install_packages.sh fuzz). What crashes a target is kept in BUILD_DIR/crashes; replay it with BUILD_DIR/bin/fuzz_TARGET FILE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1
seconds=${2:-20}
[ $# -ge 2 ] && shift 2 || shift 1
targets=${*:-wire script calendar codec netcdf3 hdf5 zarr shard}
generator=
command -v ninja >/dev/null 2>&1 && generator="-G Ninja"
[ -f "$build/CMakeCache.txt" ] && generator=
cmake -S "$here/../.." -B "$build" $generator -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ \
  -DRANKINE_FUZZ=ON -DRANKINE_SANITIZE=address,undefined,fuzzer-no-link -DRANKINE_BENCH=OFF -DRANKINE_EXAMPLES=OFF
names=
for target in $targets; do names="$names fuzz_$target"; done
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target $names fuzz_wire_seeds
seeds=$build/tests/fuzz/seeds
ASAN_OPTIONS=detect_leaks=0 sh "$here/make_seeds.sh" "$build/bin/fuzz_wire_seeds" "$seeds"
mkdir -p "$build/crashes"
status=0
for target in $targets; do
  mkdir -p "$build/corpus/$target"
  echo "== fuzz_$target for $seconds s"
  # No input is larger than 64 KiB; no single allocation may be larger than 256 MiB.
  ASAN_OPTIONS=allocator_may_return_null=0:detect_leaks=0 "$build/bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=65536 -print_final_stats=1 -artifact_prefix="$build/crashes/$target-" \
    "$build/corpus/$target" "$seeds/$target" >"$build/crashes/$target.log" 2>&1 || {
      status=1
      grep -E 'ERROR|SUMMARY|runtime error|Test unit' "$build/crashes/$target.log" || tail -20 "$build/crashes/$target.log"
    }
  grep -E 'number_of_executed_units|stat::peak_rss' "$build/crashes/$target.log" || true
done
[ "$status" -eq 0 ] && echo "no target failed" || echo "a target failed; inputs are in $build/crashes" >&2
exit "$status"
