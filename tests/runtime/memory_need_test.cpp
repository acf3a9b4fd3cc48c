#include <catch2/catch.hpp>

#include "array/expr.hpp"
#include "base/error.hpp"
#include "runtime/memory_need.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

plan::LogicalPlan anomalies(const Shape& chunk) {
  auto stored = std::make_shared<array::StoredArray>();
  stored->path = "/nowhere";
  stored->variable = "/x";
  stored->shape = {1000, 64, 64};
  stored->chunk_shape = chunk;
  const array::ExprPtr x = array::source(stored);
  kernel::ReduceSpec mean;
  mean.op = kernel::ReduceOp::mean;
  const array::ExprPtr over_time = array::reduce(x, {0}, mean);
  plan::LogicalPlan plan;
  plan.sinks.push_back({plan::SinkKind::value, array::elementwise(kernel::Op::subtract, {x, array::permute(over_time, {-1, 0, 1})}), {}, 0, 0, {}});
  return plan;
}

std::string refusal(const plan::LoweredPlan& plan, Bytes limit) {
  try {
    refuse_too_large(plan, limit);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::resources);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a plan that cannot fit is refused with the least limit, and the blocks, that would do") {
  const plan::LoweredPlan plan(anomalies({10, 16, 16}));
  const Bytes need = largest_need(plan).bytes;
  const std::string text = refusal(plan, Bytes{need.value - 1});
  const std::string least = std::to_string((need.value + 1023) / 1024) + "KiB";
  CHECK(text.find("raise --memory-limit to " + least + ", the least that can be kept to") != std::string::npos);
  CHECK(refusal(plan, Bytes{(need.value + 1023) / 1024 * 1024}).empty());
  CHECK(refusal(plan, Bytes{0}).empty());

  const Bytes tight{need.value / 2};
  const auto block = fitting_block_bytes(plan, tight);
  REQUIRE(block);
  CHECK(refusal(plan, tight).find("blocks of " + format_bytes(*block) + " fit") != std::string::npos);
  plan::LogicalPlan finer = anomalies({10, 16, 16});
  finer.options.block_bytes = block->value;
  finer.options.least_block_bytes = std::min(finer.options.least_block_bytes, block->value);
  finer.options.state_bytes = std::min(finer.options.state_bytes, 2 * block->value);
  CHECK(largest_need(plan::LoweredPlan(finer)).bytes <= tight);
}

TEST_CASE("the least limit of a refusal is one that can be kept to with what the program takes") {
  const plan::LoweredPlan plan(anomalies({10, 16, 16}));
  const Bytes program{30u << 20};
  std::string text;
  try {
    refuse_too_large(plan, Bytes{1000}, program);
  } catch (const Error& error) {
    text = error.what();
  }
  CHECK(largest_need(plan).bytes < program);
  CHECK(text.find("raise --memory-limit to 63488KiB, the least that can be kept to") != std::string::npos);  // twice the program and 1 MiB
}

TEST_CASE("where stored chunks are too large for the limit no blocks are promised") {
  const plan::LoweredPlan plan(anomalies({1000, 64, 64}));
  CHECK(refusal(plan, Bytes{8192}).find("no smaller blocks fit") != std::string::npos);
}

TEST_CASE("blocks get of a limit what the program leaves, and half of it where that is less") {
  const auto mib = [](std::uint64_t count) { return Bytes{count << 20}; };
  CHECK(memory_budget(mib(64), {}) == mib(64));
  CHECK(memory_budget(mib(64), mib(24)) == mib(40));
  CHECK(memory_budget(mib(64), mib(40)) == mib(32));
  CHECK(memory_budget({}, mib(40)) == Bytes{});
  for (const std::uint64_t budget : {10, 40, 100}) {
    const Bytes least = least_limit(mib(budget), mib(24));
    CHECK(memory_budget(least, mib(24)) >= mib(budget));
    CHECK(memory_budget(least - Bytes{2}, mib(24)) < mib(budget));
  }
}
