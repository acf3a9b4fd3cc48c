// How fast are boxes of a deflate+shuffle float32 NetCDF-4 file decoded by store::Reader on one and
// two threads, against nc_get_vara of the library on one core? All runs read the same file, warm;
// the answers are compared before any time is taken.
#include <benchmark/benchmark.h>

#include <netcdf.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.hpp"
#include "store/store.hpp"

namespace {

using namespace rankine;

constexpr std::int64_t times = 480, lats = 181, lons = 360, times_per_chunk = 8;

void require(int status, const char* what) {
  if (status == NC_NOERR) return;
  std::fprintf(stderr, "bench_decode: %s: %s\n", what, nc_strerror(status));
  std::exit(1);
}

// Temperatures with a seasonal and a meridional course and noise of 0.01 K steps.
std::vector<float> temperatures() {
  Prng random(1);
  std::vector<float> values(static_cast<std::size_t>(times * lats * lons));
  std::size_t i = 0;
  for (std::int64_t t = 0; t < times; ++t)
    for (std::int64_t y = 0; y < lats; ++y)
      for (std::int64_t x = 0; x < lons; ++x, ++i) {
        const double smooth = 288 - 40 * std::pow(std::sin((static_cast<double>(y) - 90) / 57.3), 2) +
                              5 * std::sin(static_cast<double>(t) / 58) + 2 * std::cos(static_cast<double>(x) / 20);
        values[i] = static_cast<float>(std::round(smooth * 100 + 200 * random.uniform()) / 100);
      }
  return values;
}

struct BenchFile {
  std::string directory;
  std::string path;
  std::vector<float> values = temperatures();
  array::StoredArrayPtr stored;

  BenchFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rankine-decode-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) std::exit(1);
    directory = pattern;
    path = directory + "/t2m.nc";
    int file = 0, variable = 0, dims[3] = {};
    require(nc_create(path.c_str(), NC_NETCDF4, &file), "create");
    require(nc_def_dim(file, "time", times, &dims[0]), "time");
    require(nc_def_dim(file, "lat", lats, &dims[1]), "lat");
    require(nc_def_dim(file, "lon", lons, &dims[2]), "lon");
    require(nc_def_var(file, "t2m", NC_FLOAT, 3, dims, &variable), "t2m");
    const std::size_t chunks[] = {times_per_chunk, lats, lons};
    require(nc_def_var_chunking(file, variable, NC_CHUNKED, chunks), "chunking");
    require(nc_def_var_deflate(file, variable, 1, 1, 4), "deflate");
    require(nc_put_var_float(file, variable, values.data()), "write");
    require(nc_close(file), "close");
    for (const auto& v : store::open_catalogue(path).variables)
      if (v.name == "t2m") stored = v.data;
    store::load_chunk_index(*stored);
  }
  ~BenchFile() { std::filesystem::remove_all(directory); }
};

const BenchFile& bench_file() {
  static const BenchFile file;
  return file;
}

// Boxes of two chunks, each to its own place in `out`.
void read_with_reader(int thread_count, std::vector<float>& out) {
  const BenchFile& file = bench_file();
  store::Reader reader;
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    constexpr std::int64_t step = 2 * times_per_chunk;
    for (std::int64_t t = next.fetch_add(step); t < times; t = next.fetch_add(step)) {
      const Box box{{t, 0, 0}, {std::min(t + step, times), lats, lons}};
      const NdArray part = reader.read(*file.stored, box);
      std::memcpy(out.data() + t * lats * lons, part.raw(), part.bytes().value);
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < thread_count; ++i) others.emplace_back(work);
  work();
  for (auto& thread : others) thread.join();
}

void read_with_library(std::vector<float>& out) {
  const BenchFile& file = bench_file();
  int id = 0, variable = 0;
  require(nc_open(file.path.c_str(), NC_NOWRITE, &id), "open");
  require(nc_inq_varid(id, "t2m", &variable), "t2m");
  for (std::size_t t = 0; t < times; t += 2 * times_per_chunk) {
    const std::size_t start[] = {t, 0, 0};
    const std::size_t count[] = {std::min<std::size_t>(2 * times_per_chunk, times - t), lats, lons};
    require(nc_get_vara_float(id, variable, start, count, out.data() + t * lats * lons), "read");
  }
  require(nc_close(id), "close");
}

template <typename F>
double seconds(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * times * lats * lons * 4);
}

void library(benchmark::State& state) {
  std::vector<float> out(bench_file().values.size());
  for (auto _ : state) read_with_library(out);
  count_bytes(state);
}
void reader(benchmark::State& state) {
  std::vector<float> out(bench_file().values.size());
  for (auto _ : state) read_with_reader(static_cast<int>(state.range(0)), out);
  count_bytes(state);
}
BENCHMARK(library)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(reader)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

// Medians of interleaved repetitions, so that a slow spell of the machine meets all three.
void print_ratios() {
  std::vector<float> out(bench_file().values.size());
  std::vector<double> times_of[3];
  for (int repetition = 0; repetition < 5; ++repetition) {
    times_of[0].push_back(seconds([&] { read_with_library(out); }));
    times_of[1].push_back(seconds([&] { read_with_reader(1, out); }));
    times_of[2].push_back(seconds([&] { read_with_reader(2, out); }));
  }
  const char* names[] = {"nc_get_vara", "Reader, 1 thread", "Reader, 2 threads"};
  double medians[3];
  for (int i = 0; i < 3; ++i) {
    std::printf("%-18s", names[i]);
    for (const double s : times_of[i]) std::printf(" %7.1f ms", s * 1e3);
    std::sort(times_of[i].begin(), times_of[i].end());
    medians[i] = times_of[i][2];
    std::printf("   median is %.2f times the library's speed\n", medians[0] / medians[i]);
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::vector<float> out(bench_file().values.size());
  for (const int threads : {0, 1, 2}) {
    std::fill(out.begin(), out.end(), 0.0f);
    threads == 0 ? read_with_library(out) : read_with_reader(threads, out);
    if (out == bench_file().values) continue;
    std::fprintf(stderr, "bench_decode: wrong values from %s\n", threads == 0 ? "nc_get_vara" : "Reader");
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  print_ratios();
}
