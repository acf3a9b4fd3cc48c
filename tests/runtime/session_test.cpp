#include <catch2/catch.hpp>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "array/expr.hpp"
#include "base/prng.hpp"
#include "job_of_threads.hpp"

using namespace rankine;

namespace {

/// The sum of the argument's bytes, after a while.
class ByteSums final : public runtime::TaskLibrary {
 public:
  std::uint32_t function_count() const override { return 1; }
  std::string name_of(std::uint32_t) const override { return "byte_sum"; }
  std::vector<std::byte> call(std::uint32_t, std::span<const std::byte> arguments, std::span<const std::span<const std::byte>>,
                              runtime::CallContext&) const override {
    unsigned sum = 0;
    for (int round = 0; round < 100; ++round)
      for (const std::byte value : arguments) sum += static_cast<unsigned>(value) * (round == 0 ? 1u : 0u);
    return {static_cast<std::byte>(sum)};
  }
};

/// Means and anomalies of a float32 array of 60 x 12 x 8 in small blocks.
plan::LogicalPlan some_plan(const std::string& path) {
  auto stored = std::make_shared<array::StoredArray>();
  stored->path = path;
  stored->variable = "/x";
  stored->shape = {60, 12, 8};
  stored->chunk_shape = {7, 5, 8};
  const array::ExprPtr x = array::source(stored);
  kernel::ReduceSpec mean;
  mean.op = kernel::ReduceOp::mean;
  const array::ExprPtr mean_over_time = array::reduce(x, {0}, mean);
  const array::ExprPtr anomaly = array::elementwise(kernel::Op::subtract, {x, array::permute(mean_over_time, {-1, 0, 1})});
  plan::LogicalPlan plan;
  plan.options.block_bytes = 1000;
  plan.options.least_block_bytes = 64;
  for (const array::ExprPtr& wanted : {mean_over_time, anomaly, array::reduce(array::elementwise(kernel::Op::multiply, {anomaly, anomaly}), {0, 1, 2}, mean)})
    plan.sinks.push_back({plan::SinkKind::value, wanted, {}, 0, 0, {}});
  return plan;
}

}  // namespace

TEST_CASE("plans and calls run beside each other on the threads of one process, with the same results on any number of ranks") {
  const std::string path = (std::filesystem::temp_directory_path() / ("rankine_session_" + std::to_string(::getpid()) + ".bin")).string();
  {
    std::vector<float> values(60 * 12 * 8);
    Prng prng(3);
    for (float& value : values) value = static_cast<float>(prng.uniform());
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  }
  const ByteSums library;
  std::vector<std::vector<NdArray>> results;
  for (const int ranks : {1, 2, 5}) {
    JobOfThreads job(library, {.ranks = ranks, .threads = 2});
    for (int round = 0; round < 3; ++round) {
      runtime::Calls& calls = job.calls();
      std::vector<runtime::CallId> sums;
      for (std::size_t i = 0; i < 100; ++i) sums.push_back(calls.submit({{.function = 0, .arguments = std::vector<std::byte>(i, std::byte{2})}}));
      results.push_back(job.session().run(some_plan(path), {}));
      const auto bytes = calls.results(sums);
      for (std::size_t i = 0; i < 100; ++i) CHECK(bytes[i]->at(0) == static_cast<std::byte>(2 * i));
      for (const auto sum : sums) calls.release(sum);
    }
  }
  std::filesystem::remove(path);
  for (const auto& values : results) {
    REQUIRE(values.size() == 3);
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(std::memcmp(values[i].raw(), results[0][i].raw(), values[i].bytes().value) == 0);
  }
}
