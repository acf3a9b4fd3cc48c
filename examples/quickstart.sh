#!/bin/sh
# From a fresh clone on Debian 12 to a first result: installs what is missing (as root or by sudo), builds,
# makes 1 GB of data in the shape of ERA5 (6-hourly, 1 degree, NetCDF-4 with deflate and shuffle), and
# computes monthly anomalies with one scheduling and two working MPI ranks.
#
#     sh examples/quickstart.sh [FOLDER]          (default: build/quickstart)
#
# BUILD_DIR: where to build (default build/); RANKS (default 3); STEPS: 6-hourly time steps (default 3836: 1 GB).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build}
folder=${1:-$build/quickstart}
ranks=${RANKS:-3}
steps=${STEPS:-3836}

sh "$root/.ci/install_packages.sh" build

echo "== building in $build"
generator=
[ -f "$build/CMakeCache.txt" ] || generator="-G Ninja -DRANKINE_TESTS=OFF -DRANKINE_BENCH=OFF"
cmake -S "$root" -B "$build" $generator -DCMAKE_BUILD_TYPE=Release >"$build.configure.log" 2>&1 || {
  cat "$build.configure.log" >&2
  exit 1
}
mv "$build.configure.log" "$build/configure.log"
cmake --build "$build" -j "$(nproc)" --target rankine_program make_era5_like

mkdir -p "$folder"
input=$folder/era5_like.nc
output=$folder/anomaly.nc
if [ ! -f "$input" ] || [ "$(cat "$folder/steps" 2>/dev/null)" != "$steps" ]; then
  echo "== making $input"
  "$build/bin/make_era5_like" "$input" "$steps"
  echo "$steps" >"$folder/steps"
fi

. "$root/examples/mpirun_flags.sh"
echo "== mpirun -n $ranks rankine run examples/anomaly.py"
run_with_ranks "$ranks" "$build/bin/rankine" run "$root/examples/anomaly.py" "$input" "$output"

echo
echo "input    $input ($(du -h "$input" | cut -f1) stored, $((steps * 181 * 360 * 4 / 1000000)) MB decoded)"
echo "computed climatology(month, latitude, longitude), monthly_anomaly(time, latitude, longitude) and"
echo "         anomaly_std(latitude, longitude) of t2m; the script is examples/anomaly.py"
echo "output   $output"
echo
"$build/bin/rankine" info "$output"
