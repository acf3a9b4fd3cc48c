#include <catch2/catch.hpp>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "grid/byte_count.hpp"
#include "plan/lowered_plan.hpp"

using namespace rankine;
using array::ExprPtr;

namespace {

ExprPtr stored(const Shape& shape, const Shape& chunk) {
  auto array = std::make_shared<array::StoredArray>();
  array->variable = "t2m";
  array->shape = shape;
  array->chunk_shape = chunk;
  array->codecs.push_back({});
  return array::source(array);
}

kernel::ReduceSpec mean() { return {}; }

plan::LoweredPlan lowered(const std::vector<ExprPtr>& values) {
  plan::LogicalPlan logical;
  for (const auto& value : values) logical.sinks.push_back({plan::SinkKind::value, value, {}, 0, 0, {}});
  return plan::LoweredPlan(plan::simplify(logical));
}

std::vector<std::string> layer_names(const plan::LoweredPlan& plan) {
  std::vector<std::string> names;
  for (const auto& layer : plan.layers()) names.push_back(layer.name + " x" + std::to_string(layer.task_count));
  return names;
}

/// Two years of 6-hourly steps on a 1-degree grid, in chunks of 32 steps.
const Shape year_shape{2920, 181, 360};
const Shape year_chunk{32, 181, 360};

}  // namespace

TEST_CASE("a time mean is read, reduced in the reader's block and merged in a tree") {
  const auto plan = lowered({array::reduce(stored(year_shape, year_chunk), {0}, mean())});
  CHECK(layer_names(plan) == std::vector<std::string>{"mean-partial x92", "mean-combine x6", "mean x1"});
  CHECK(plan.summary().bytes_decoded == 2920.0 * 181 * 360 * 4);
}

TEST_CASE("blocks that read pieces of one stored chunk have one locality, others have none") {
  const Shape shape{800, 181, 360}, chunk{100, 181, 360};
  const auto localities = [&](const ExprPtr& root, const Shape& block) {
    const ChunkGrid grid = ChunkGrid::regular(shape, block);
    const plan::SharedChunks shared = plan::shared_chunks(root, grid);
    std::vector<std::uint64_t> of_blocks;
    for (std::int64_t b = 0; b < grid.block_count(); ++b) of_blocks.push_back(shared.locality(grid.block_at(b)));
    return of_blocks;
  };
  auto array = std::make_shared<array::StoredArray>();
  array->storage = array::Storage::chunked;
  array->dtype = DType::float32;
  array->shape = shape;
  array->chunk_shape = chunk;
  const ExprPtr x = array::source(array);
  CHECK(localities(x, {100, 181, 360}) == std::vector<std::uint64_t>(8, 0));
  CHECK(localities(x, {200, 181, 360}) == std::vector<std::uint64_t>(4, 0));
  CHECK(localities(stored(shape, chunk), {50, 181, 360}) == std::vector<std::uint64_t>(16, 0));  // contiguous
  const auto cut = localities(x, {50, 181, 360});
  REQUIRE(cut.size() == 16);
  for (std::size_t b = 0; b < 16; b += 2) {
    CHECK(cut[b] != 0);
    CHECK(cut[b] == cut[b + 1]);
    if (b > 0) CHECK(cut[b] != cut[b - 1]);
  }
}

TEST_CASE("mean, maximum and standard deviation of one variable read it once") {
  const ExprPtr x = stored(year_shape, year_chunk);
  kernel::ReduceSpec max;
  max.op = kernel::ReduceOp::max;
  kernel::ReduceSpec std;
  std.op = kernel::ReduceOp::std;
  const auto plan = lowered({array::reduce(x, {0}, mean()), array::reduce(x, {0}, max), array::reduce(x, {0}, std)});
  CHECK(plan.summary().bytes_decoded == 2920.0 * 181 * 360 * 4);
  CHECK(plan.layers()[0].name == "block");
}

TEST_CASE("an anomaly reads its variable again instead of holding all of it until the mean is known") {
  const ExprPtr x = stored(year_shape, year_chunk);
  const ExprPtr time_mean = array::permute(array::reduce(x, {0}, mean()), {-1, 0, 1});
  const ExprPtr anomaly = array::elementwise(kernel::Op::subtract, {x, time_mean});
  kernel::ReduceSpec std;
  std.op = kernel::ReduceOp::std;
  const auto plan = lowered({array::reduce(anomaly, {0}, std)});
  CHECK(plan.summary().bytes_decoded == 2 * 2920.0 * 181 * 360 * 4);
  for (const auto& layer : plan.layers()) CHECK(layer.name != "block");
}

TEST_CASE("a slice of a mean reads only what the slice keeps") {
  const ExprPtr time_mean = array::reduce(stored({1000, 100, 200}, {10, 10, 20}), {0}, mean());
  const auto plan = lowered({array::slice(time_mean, {0, 0}, {1, 1}, {10, 20})});
  CHECK(plan.summary().bytes_decoded == 1000.0 * 10 * 20 * 4);
}

TEST_CASE("equal expressions that were built twice are computed once") {
  const ExprPtr x = stored(year_shape, year_chunk);
  const auto once = lowered({array::reduce(x, {0}, mean())});
  const auto twice = lowered({array::elementwise(kernel::Op::add, {array::reduce(x, {0}, mean()), array::reduce(x, {0}, mean())})});
  CHECK(twice.task_count() == once.task_count() + 1);
}

TEST_CASE("blocks do not depend on the grid's divisibility and cover every stored chunk once") {
  const auto plan = lowered({array::cast(stored({100, 37, 53}, {7, 10, 10}), DType::float64)});
  CHECK(plan.summary().bytes_decoded == 100.0 * 37 * 53 * 4);
}

TEST_CASE("months recur, so their climatology is one block that all partial results flow into") {
  std::vector<std::int32_t> months;
  for (std::int64_t t = 0; t < 2920; ++t) months.push_back(static_cast<std::int32_t>(t / 122 % 12));
  const auto plan = lowered({array::group_reduce(stored(year_shape, year_chunk), 0, months, 12, mean())});
  CHECK(layer_names(plan) == std::vector<std::string>{"group-mean-partial x92", "group-mean-combine x6", "group-mean x1"});
  // A block of 32 steps meets one month or two: its partial result is that small.
  const auto& first = plan.layers()[0];
  for (const auto& groups : first.groups) CHECK(groups.size() <= 2);
}

TEST_CASE("wished blocks end where stored chunks end, so that none is read twice") {
  const auto blocks = [](const Shape& stored_chunk, const Shape& wish) {
    const auto plan = lowered({array::rechunk(stored({1000, 100}, stored_chunk), wish)});
    CHECK(plan.summary().bytes_decoded == 1000.0 * 100 * 4);
    return plan.layers()[0].task_count;
  };
  CHECK(blocks({100, 100}, {200, 0}) == 5);
  CHECK(blocks({100, 100}, {240, 0}) == 4);   // 200, 500, 700, 1000
  CHECK(blocks({1000, 100}, {64, 0}) == 1);
  CHECK(blocks({100, 100}, {7, 0}) == 10);
  CHECK(blocks({100, 100}, {-1, 0}) == 1);
}

TEST_CASE("a series of one point is read by many tasks, though all of it is small, and put together where an output's chunk is wanted") {
  auto array = std::make_shared<array::StoredArray>();
  array->variable = "t2m";
  array->storage = array::Storage::zarr_files;
  array->shape = {100000, 200, 200};
  array->chunk_shape = {1, 200, 200};
  array->codecs.push_back({});
  const std::int64_t chunk_bytes = 200 * 200 * 4;
  const ExprPtr series = array::slice(array::source(array), {0, 3, 4}, {1, 1, 1}, {100000, 1, 1});
  const plan::PlanOptions options;
  const auto value = lowered({series});
  REQUIRE(value.layers().size() == 1);
  const auto& grid = value.layers()[0].grid;
  CHECK(grid.block_count() >= 100000 * chunk_bytes / static_cast<std::int64_t>(10 * options.block_bytes));
  CHECK(grid.block_count() <= 100000 * chunk_bytes / static_cast<std::int64_t>(6 * options.block_bytes));

  plan::LogicalPlan logical;
  logical.sinks.push_back({plan::SinkKind::write, series, {}, 0, 0, {100000, 1, 1}});
  const plan::LoweredPlan written(plan::simplify(logical));
  CHECK(layer_names(written) == std::vector<std::string>{"block x" + std::to_string(grid.block_count()), "write x1"});
  CHECK(written.summary().bytes_decoded == 100000.0 * static_cast<double>(chunk_bytes));

  // What gives as much as it reads stays one layer.
  logical.sinks = {{plan::SinkKind::write, array::source(array), {}, 0, 0, {1000, 200, 200}}};
  CHECK(plan::LoweredPlan(plan::simplify(logical)).layers().size() == 1);
}

TEST_CASE("more blocks or bytes than there can be are refused before anything is allocated") {
  const auto message = [](auto&& f) -> std::string {
    try { f(); } catch (const UsageError& error) { return error.what(); }
    return "no error";
  };
  const std::string advice = " blocks, and at most 134217728 can be worked on: ask for larger ones (chunks=, .chunk(), .rechunk())";
  CHECK(message([] { ChunkGrid::regular({100'000, 100'000}, {1, 1}); }) ==
        "an array of shape (100000, 100000) is cut into 10000000000" + advice);
  CHECK(message([] { ChunkGrid::regular({std::int64_t{1} << 62}, {1}); }) ==
        "an array of shape (4611686018427387904,) is cut into 4611686018427387904" + advice);
  CHECK(ChunkGrid::regular({100'000, 100'000}, {1, 100'000}).block_count() == 100'000);
  CHECK(message([] { byte_count({2, -3}, DType::float64); }) == "an array cannot have the shape (2, -3): an extent is negative");
  CHECK(byte_count({1 << 20, 1 << 20}, DType::float64) == std::uint64_t{1} << 43);
  CHECK(message([] { byte_count({std::int64_t{1} << 61}, DType::float64); }) ==
        "an array of shape (2305843009213693952,) and dtype float64 has more than 2^63 bytes");
  CHECK(message([] { array::broadcast(array::constant(NdArray::zeros(DType::float32, {1})), {std::int64_t{1} << 61}); }) ==
        "an array of shape (2305843009213693952,) and dtype float32 has more than 2^63 bytes");
}

TEST_CASE("plans travel as bytes and lower to the same layers") {
  const ExprPtr x = stored(year_shape, year_chunk);
  plan::LogicalPlan logical;
  logical.sinks.push_back({plan::SinkKind::value, array::reduce(x, {0}, mean()), "t2m in out.nc", 0, 0, {}});
  ByteWriter writer;
  plan::write_to(writer, logical);
  const auto bytes = writer.take();
  ByteReader reader(bytes);
  const plan::LoweredPlan there(plan::read_logical_plan(reader));
  CHECK(there.describe_layers() == plan::LoweredPlan(logical).describe_layers());
}
