#include <catch2/catch.hpp>

#include <set>

#include "array/expr_walk.hpp"
#include "base/byte_stream.hpp"
#include "plan/block_choice.hpp"
#include "plan/lowered_plan.hpp"
#include "plan/plan_picture.hpp"
#include "small_stack.hpp"

using namespace rankine;
using array::ExprPtr;
using kernel::Op;
using rankine::testing::on_small_stack;

namespace {

/// `extent` days on a small grid, ten days a chunk.
ExprPtr stored(std::int64_t extent, const std::string& name = "t") {
  auto array = std::make_shared<array::StoredArray>();
  array->storage = array::Storage::chunked;
  array->variable = name;
  array->path = name + ".nc";
  array->dtype = DType::float64;
  array->shape = {extent, 3};
  array->chunk_shape = {10, 3};
  return array::source(array);
}

ExprPtr number(double value) { return array::constant(NdArray::from(std::vector<double>{value}, {1, 1})); }

ExprPtr masked(ExprPtr t, int steps) {
  const ExprPtr nothing = number(std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < steps; ++i)
    t = array::elementwise(Op::where, {array::elementwise(Op::greater, {t, number(i)}), t, nothing});
  return t;
}

/// A running sum along time by hand: t = t + t.shift(time=1).
ExprPtr added_to_neighbours(ExprPtr t, int steps) {
  const std::int64_t extent = t->shape[0];
  const ExprPtr gap = array::constant(NdArray(DType::float64, {1, 3}));
  for (int i = 0; i < steps; ++i)
    t = array::elementwise(Op::add, {t, array::concat({gap, array::slice(t, {0, 0}, {1, 1}, {extent - 1, 3})}, 0)});
  return t;
}

plan::LogicalPlan simplified(const std::vector<ExprPtr>& values) {
  plan::LogicalPlan logical;
  for (const auto& value : values) logical.sinks.push_back({plan::SinkKind::value, value, {}, 0, 0, {}});
  return plan::simplify(std::move(logical));
}

std::size_t nodes_of(const plan::LogicalPlan& logical) {
  array::InputsFirst walk;
  for (const auto& sink : logical.sinks) walk(sink.values, [](const ExprPtr&) {});
  return walk.visited();
}

/// Nodes of all layers together.
std::size_t nodes_of(const plan::LoweredPlan& plan) {
  std::size_t nodes = 0;
  for (const auto& layer : plan.layers()) {
    array::InputsFirst walk;
    if (layer.expr != nullptr) walk(layer.expr, [](const ExprPtr&) {});
    nodes += walk.visited();
  }
  return nodes;
}

/// Parts of nodes that the layers ask for, by which edges and reads are found: what planning costs.
std::size_t most_leaves(const plan::LoweredPlan& plan) {
  std::size_t most = 0;
  for (const auto& layer : plan.layers()) {
    std::size_t leaves = 0;
    if (layer.expr != nullptr)
      plan::visit_leaves(layer.expr, plan::root_spans(layer.grid), [&](const array::Expr&, const plan::LeafSpans&) { ++leaves; });
    most = std::max(most, leaves);
  }
  return most;
}

}  // namespace

TEST_CASE("a chain of two thousand where that is sliced at its end is planned in as many nodes, and reads the slice") {
  const ExprPtr first_day = array::slice(masked(stored(100), 2000), {0, 0}, {1, 1}, {1, 3});
  const auto logical = simplified({first_day});
  CHECK(nodes_of(logical) <= 3 * 2000 + 3);
  const plan::LoweredPlan plan(logical);
  CHECK(plan.layers().size() <= 10);
  CHECK(nodes_of(plan) <= 4 * 2000);
  CHECK(plan.summary().bytes_decoded == 10 * 3 * 8.0);
  CHECK(plan::describe_fused(logical.sinks[0].values).size() <= 200);
}

TEST_CASE("a chain of a hundred thousand where is planned, sent, drawn and let go on a small stack") {
  on_small_stack([] {
    auto logical = simplified({masked(stored(100), 100000)});
    CHECK(nodes_of(logical) == 3 * 100000 + 2);
    ByteWriter writer;
    plan::write_to(writer, logical);
    const auto bytes = writer.take();
    logical = {};
    ByteReader reader(bytes);
    const plan::LoweredPlan plan(plan::read_logical_plan(reader));
    CHECK(plan.layers().size() <= 100000 * 2 / 200);
    CHECK(nodes_of(plan) <= 4 * 100000);
    CHECK(plan::picture_of(plan).nodes.size() > 2);
    CHECK(plan::suggest_chunks(plan.logical().sinks[0].values) == Shape{100, 3});
  });
}

TEST_CASE("a sum of two thousand arrays is cut into layers, so that a task holds few of them") {
  ExprPtr sum = stored(100, "v0");
  for (int member = 1; member < 2000; ++member) sum = array::elementwise(Op::add, {sum, stored(100, "v" + std::to_string(member))});
  const plan::LoweredPlan plan(simplified({sum}));
  CHECK(plan.layers().size() >= 2000 / 33);
  CHECK(plan.layers().size() <= 2000 / 30);
  CHECK(most_leaves(plan) <= 34);
  CHECK(plan.summary().bytes_decoded == 2000 * 100 * 3 * 8.0);
  for (const auto& layer : plan.layers()) CHECK(layer.scratch.value <= 34 * layer.grid.largest_block() * 8);
}

TEST_CASE("a loop of two thousand concat becomes one concatenation") {
  ExprPtr joined = stored(10, "v0");
  for (int file = 1; file < 2000; ++file) joined = array::concat({joined, stored(10, "v" + std::to_string(file))}, 0);
  const auto logical = simplified({joined});
  CHECK(logical.sinks[0].values->inputs.size() == 2000);
  CHECK(logical.sinks[0].values->depth == 1);
  CHECK(logical.sinks[0].values->shape == Shape{20000, 3});
  const plan::LoweredPlan plan(logical);
  CHECK(plan.layers().size() == 1);
}

TEST_CASE("a concatenation that others read, too, is left as it is") {
  const ExprPtr inner = array::concat({stored(10, "a"), stored(10, "b")}, 0);
  const ExprPtr outer = array::concat({inner, stored(10, "c")}, 0);
  const auto logical = simplified({outer, inner});
  CHECK(logical.sinks[0].values->inputs.size() == 2);
  CHECK(logical.sinks[0].values->inputs[0] == logical.sinks[1].values);
}

TEST_CASE("steps that look at their neighbours are planned in layers of a few steps, however many there are") {
  const plan::LoweredPlan plan(simplified({added_to_neighbours(stored(1000), 300)}));
  CHECK(plan.layers().size() >= 300 / 8);
  CHECK(plan.layers().size() <= 300 / 3);
  CHECK(most_leaves(plan) <= 12);
  CHECK(nodes_of(plan) <= 8 * 300);
}

TEST_CASE("a slice of many steps that look at their neighbours makes a bounded number of nodes") {
  const ExprPtr last = array::slice(added_to_neighbours(stored(1000), 300), {999, 0}, {1, 1}, {1, 3});
  CHECK(nodes_of(simplified({last})) <= (1 << 14) + 20 * 4 * 300);
}

TEST_CASE("three hundred differences from a mean are three hundred means, each over few steps") {
  kernel::ReduceSpec mean;
  ExprPtr t = stored(100);
  for (int i = 0; i < 300; ++i)
    t = array::elementwise(Op::subtract, {t, array::permute(array::reduce(t, {0}, mean), {-1, 0})});
  on_small_stack([&] {
    const plan::LoweredPlan plan(simplified({t}));
    std::multiset<std::string> names;
    for (const auto& layer : plan.layers()) names.insert(layer.name);
    CHECK(names.count("mean") == 300);
    CHECK(names.count("block") <= 300 / 25);
    CHECK(most_leaves(plan) <= 34);
  });
}

TEST_CASE("sources that differ in shape or size alone are not merged") {
  const auto state = [](std::int64_t extent, std::uint64_t size) {
    auto array = std::make_shared<array::StoredArray>();
    array->storage = array::Storage::zarr_files;
    array->path = "a.zarr/t";
    array->variable = "t";
    array->dtype = DType::float64;
    array->shape = {extent};
    array->chunk_shape = {10};
    array->file_size = size;
    return array::source(array);
  };
  const auto logical = simplified({state(310, 0), state(730, 0), state(310, 5), state(310, 0)});
  CHECK(logical.sinks[0].values != logical.sinks[1].values);
  CHECK(logical.sinks[0].values != logical.sinks[2].values);
  CHECK(logical.sinks[0].values == logical.sinks[3].values);
  CHECK(logical.sinks[1].values->shape == Shape{730});
}
