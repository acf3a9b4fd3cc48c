// Everything that a job does at once, on the threads of one process: what the thread sanitizer looks at.
#include <catch2/catch.hpp>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "array/expr.hpp"
#include "base/prng.hpp"
#include "job_of_threads.hpp"
#include "store/store.hpp"

using namespace rankine;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t rows = 120;

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("whole-job-" + std::to_string(::getpid()))) { fs::create_directories(path_); }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
 private:
  fs::path path_;
};

std::int64_t number_of(std::span<const std::byte> bytes) {
  std::int64_t value = 0;
  if (bytes.size() != sizeof value) throw std::logic_error("a number of another size");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}
std::vector<std::byte> bytes_of(std::int64_t value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// Sums, sums by calls of calls, and the loss of a rank.
class Functions final : public runtime::TaskLibrary {
 public:
  enum Function : std::uint32_t { sum, fibonacci, lose_rank, fail };
  std::uint32_t function_count() const override { return 4; }
  std::string name_of(std::uint32_t function) const override {
    return std::vector<std::string>{"sum", "fibonacci", "lose_rank", "fail"}[function];
  }
  std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                              std::span<const std::span<const std::byte>> inputs, runtime::CallContext& context) const override {
    const std::int64_t n = number_of(arguments);
    if (function == fail) throw std::runtime_error("no luck");
    if (function == lose_rank) {
      lose(static_cast<int>(n));
      return bytes_of(0);
    }
    if (function == sum) {
      std::int64_t total = n;
      for (const auto& input : inputs) total += number_of(input);
      return bytes_of(total);
    }
    if (n < 2) return bytes_of(n);
    runtime::Calls& calls = context.calls();
    std::vector<runtime::CallSpec> specs;
    for (std::int64_t k = 1; k <= 2; ++k) specs.push_back({.function = fibonacci, .arguments = bytes_of(n - k)});
    const runtime::CallId first = calls.submit(std::move(specs));
    const runtime::CallId both[] = {first, {first.value + 1}};
    const auto results = calls.results(both);
    return bytes_of(number_of(*results[0]) + number_of(*results[1]));
  }
  std::function<void(int rank)> lose;
};

array::ExprPtr stored_field(const std::string& path) {
  std::vector<float> values(rows * 12 * 8);
  Prng prng(7);
  for (float& value : values) value = static_cast<float>(prng.uniform());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  auto stored = std::make_shared<array::StoredArray>();
  stored->path = path;
  stored->variable = "/x";
  stored->shape = {rows, 12, 8};
  stored->chunk_shape = {7, 5, 8};
  return array::source(stored);
}

/// Anomalies from the mean over time, written; the mean as a value.
plan::LogicalPlan anomalies(const array::ExprPtr& x) {
  kernel::ReduceSpec mean;
  mean.op = kernel::ReduceOp::mean;
  const array::ExprPtr over_time = array::reduce(x, {0}, mean);
  const array::ExprPtr anomaly = array::cast(array::elementwise(kernel::Op::subtract, {x, array::permute(over_time, {-1, 0, 1})}), DType::float32);
  plan::LogicalPlan plan;
  plan.options.block_bytes = 1500;
  plan.options.least_block_bytes = 64;
  plan.sinks.push_back({plan::SinkKind::write, anomaly, "a in out.zarr", 0, 0, {}});
  plan.sinks.push_back({plan::SinkKind::value, over_time, {}, 0, 0, {}});
  return plan;
}

array::OutputSpec store_at(const std::string& path) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = array::OutputFormat::zarr2;
  spec.dims = {{"time", rows, false}, {"y", 12, false}, {"x", 8, false}};
  array::OutputVariable a;
  a.name = "a";
  a.dims = {"time", "y", "x"};
  a.dtype = DType::float32;
  a.shape = {rows, 12, 8};
  a.chunk_shape = {10, 6, 8};
  spec.variables.push_back(a);
  return spec;
}

NdArray written(const std::string& path) {
  const array::Catalogue catalogue = store::open_catalogue(path);
  store::Reader reader;
  return reader.read(*catalogue.variables.at(0).data, Box::whole({rows, 12, 8}));
}

bool same(const NdArray& a, const NdArray& b) { return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes().value) == 0; }

}  // namespace

TEST_CASE("four workers run pipelines with checkpoints and calls at once, lose one of them, and give what one gives") {
  const Folder folder;
  const array::ExprPtr x = stored_field(folder / "x.bin");
  Functions library;
  NdArray expected_values, expected_output;
  {
    JobOfThreads alone(library, {.ranks = 1});
    expected_values = alone.session().run(anomalies(x), {store_at(folder / "alone.zarr")}).at(0);
    expected_output = written(folder / "alone.zarr");
  }
  JobOfThreads job(library, {.ranks = 5, .threads = 2, .silence_ms = 3000, .checkpoint_every_s = 0.005, .read_ahead = {1 << 20}});
  library.lose = [&](int rank) { job.kill(rank); };
  job.session().keep_progress({.path = folder / "run", .job = {"1", folder / "", "script.py", "", {}}});
  runtime::Calls& calls = job.calls();
  for (int round = 0; round < 3; ++round) {
    std::vector<runtime::CallId> level;
    for (std::int64_t i = 0; i < 200; ++i) level.push_back(calls.submit({{.function = Functions::sum, .arguments = bytes_of(i)}}));
    const runtime::CallId total = calls.submit({{.function = Functions::sum, .arguments = bytes_of(round), .inputs = level}});
    const runtime::CallId tree = calls.submit({{.function = Functions::fibonacci, .arguments = bytes_of(9)}});
    const runtime::CallId failing = calls.submit({{.function = Functions::fail, .arguments = bytes_of(0), .max_attempts = 2}});
    if (round == 1) calls.submit({{.function = Functions::lose_rank, .arguments = bytes_of(2), .wanted = false}});
    const std::string path = folder / ("round" + std::to_string(round) + ".zarr");
    const std::vector<NdArray> values = job.session().run(anomalies(x), {store_at(path)});
    CHECK(same(values.at(0), expected_values));
    CHECK(same(written(path), expected_output));
    CHECK(number_of(*calls.results({&total, 1})[0]) == 199 * 100 + round);
    CHECK(number_of(*calls.results({&tree, 1})[0]) == 34);
    CHECK_THROWS_AS(calls.results({&failing, 1}), runtime::CallFailed);
    calls.cancel(failing);
    for (const runtime::CallId call : level) calls.release(call);
  }
  CHECK(job.session().open_files({.paths = {folder / "round0.zarr"}, .options = {}, .cache_folder = {}, .arrays = {}}).size() == 1);
  job.session().end_progress(0);
  CHECK(job.session().losses().size() == 1);
  CHECK_FALSE(fs::exists(folder / "run"));
}
