#include <catch2/catch.hpp>

#include "plan/plan_picture.hpp"

using namespace rankine;

namespace {

plan::LoweredPlan mean_of(std::int64_t rows) {
  auto stored = std::make_shared<array::StoredArray>();
  stored->variable = "t2m";
  stored->shape = {rows, 100};
  stored->chunk_shape = {1, 100};
  stored->dtype = DType::float64;
  plan::LogicalPlan logical;
  logical.options.least_block_bytes = logical.options.block_bytes = 800;
  logical.sinks.push_back({plan::SinkKind::value, array::reduce(array::source(stored), {0, 1}, {}), "mean", 0, 0, {}});
  return plan::LoweredPlan(std::move(logical));
}

}  // namespace

TEST_CASE("a picture shows every task of a small plan and the layers of a large one") {
  const plan::LoweredPlan small = mean_of(3);
  const DotGraph tasks = plan::picture_of(small);
  REQUIRE(tasks.nodes.size() == small.task_count());
  CHECK(tasks.nodes.front().label == "mean-partial\n(0, 0)");
  CHECK(tasks.edges.size() == 3);

  const plan::LoweredPlan large = mean_of(4000);
  const DotGraph layers = plan::picture_of(large);
  CHECK(layers.nodes.size() == large.layers().size() + 1);
  CHECK(layers.nodes.front().label == "mean-partial\n4000 tasks");
  CHECK(layers.nodes.back().label == "t2m");
  CHECK(layers.edges.size() == large.layers().size());
}
