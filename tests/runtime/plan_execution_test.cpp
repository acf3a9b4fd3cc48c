#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "array/evaluate.hpp"
#include "base/prng.hpp"
#include "plan/logical_plan.hpp"
#include "runtime/run_plan.hpp"
#include "runtime/task_runner.hpp"

using namespace rankine;
using array::ExprPtr;

namespace {

/// A float32 array in a plain binary file, with the chunk shape that a chunked file would have.
class RawFile {
 public:
  RawFile(const Shape& shape, const Shape& chunk_shape, Prng& prng) {
    path_ = (std::filesystem::temp_directory_path() / ("rankine_raw_" + std::to_string(prng.next()) + ".bin")).string();
    values_ = NdArray(DType::float32, shape);
    for (float& value : values_.values<float>())
      value = prng.chance(0.05) ? NAN : static_cast<float>(prng.uniform() * 100 - 30);
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(values_.raw()), static_cast<std::streamsize>(values_.bytes().value));
    array_ = std::make_shared<array::StoredArray>();
    array_->path = path_;
    array_->variable = "/x";
    array_->shape = shape;
    array_->chunk_shape = chunk_shape;
  }
  ~RawFile() { std::filesystem::remove(path_); }
  ExprPtr expr() const { return array::source(array_); }

 private:
  std::string path_;
  NdArray values_;
  array::StoredArrayPtr array_;
};

class DirectLeaves : public array::LeafReader {
 public:
  explicit DirectLeaves(store::Reader& reader) : reader_(reader) {}
  StridedView read(const array::StoredArray& array, const Box& box) override { return StridedView::of(reader_.read(array, box)); }
  StridedView layer(LayerId, const Box&) override { throw std::logic_error("no layers here"); }
 private:
  store::Reader& reader_;
};

kernel::ReduceSpec random_spec(Prng& prng) {
  kernel::ReduceSpec spec;
  static constexpr kernel::ReduceOp ops[] = {kernel::ReduceOp::sum, kernel::ReduceOp::mean, kernel::ReduceOp::min,
                                             kernel::ReduceOp::max, kernel::ReduceOp::std, kernel::ReduceOp::count};
  spec.op = ops[prng.below(6)];
  spec.skipna = prng.chance(0.7);
  return spec;
}

ExprPtr as_float32(const ExprPtr& expr) { return array::cast(expr, DType::float32); }

/// A random 3-d pipeline: slices, takes, transpositions, group arithmetic, reductions put back.
ExprPtr random_step(ExprPtr x, Prng& prng) {
  switch (prng.below(9)) {
    case 0: return array::elementwise(kernel::Op::multiply, {x, array::permute(array::scalar(1.5f), {-1, -1, -1})});
    case 1: {  // anomaly from the mean over one axis
      const int axis = static_cast<int>(prng.below(3));
      std::vector<int> back;
      for (int k = 0, next = 0; k < 3; ++k) back.push_back(k == axis ? -1 : next++);
      return array::elementwise(kernel::Op::subtract, {x, array::permute(as_float32(array::reduce(x, {axis}, random_spec(prng))), back)});
    }
    case 2: {  // anomaly from a recurring or a sorted grouping
      const int axis = static_cast<int>(prng.below(3));
      const std::int64_t extent = x->shape[axis];
      const std::int64_t groups = 1 + static_cast<std::int64_t>(prng.below(5));
      const bool sorted = prng.chance(0.5);
      std::vector<std::int32_t> codes;
      std::vector<std::int64_t> back;
      for (std::int64_t i = 0; i < extent; ++i) {
        codes.push_back(static_cast<std::int32_t>(sorted ? i * groups / extent : i % groups));
        back.push_back(codes.back());
      }
      const ExprPtr means = as_float32(array::group_reduce(x, axis, codes, groups, random_spec(prng)));
      return array::elementwise(kernel::Op::subtract, {x, array::take(means, axis, back)});
    }
    case 3: {  // a slice with a step, perhaps backwards
      Index start(3), step(3);
      Shape count(3);
      for (int axis = 0; axis < 3; ++axis) {
        const std::int64_t extent = x->shape[axis];
        step[axis] = prng.chance(0.3) ? -1 : 1 + static_cast<std::int64_t>(prng.below(2));
        start[axis] = step[axis] < 0 ? extent - 1 : static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(extent)));
        count[axis] = step[axis] < 0 ? 1 + start[axis] : 1 + (extent - 1 - start[axis]) / step[axis];
      }
      return array::slice(x, start, step, count);
    }
    case 4: {  // a gather
      const int axis = static_cast<int>(prng.below(3));
      std::vector<std::int64_t> indices;
      for (std::uint64_t i = 0; i < 1 + prng.below(9); ++i)
        indices.push_back(prng.chance(0.1) ? -1 : static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(x->shape[axis]))));
      return array::take(x, axis, indices);
    }
    case 5: return array::permute(x, {2, 0, 1});
    case 6: return array::concat({x, x}, static_cast<int>(prng.below(3)));
    case 7: return array::rechunk(x, {1 + static_cast<std::int64_t>(prng.below(5)), 0, 3});
    default: {  // groups that stay
      const std::int64_t extent = x->shape[0];
      std::vector<std::int32_t> codes;
      for (std::int64_t i = 0; i < extent; ++i) codes.push_back(i % 7 == 6 ? -1 : static_cast<std::int32_t>(i / 3));
      return as_float32(array::group_reduce(x, 0, codes, extent / 3 + 1, random_spec(prng)));
    }
  }
}

void require_close(const NdArray& got, const NdArray& expected) {
  REQUIRE(got.dtype() == expected.dtype());
  REQUIRE(got.shape() == expected.shape());
  for (std::int64_t i = 0; i < got.size(); ++i) {
    const double a = got.as_double(i);
    const double b = expected.as_double(i);
    if (std::isnan(a) && std::isnan(b)) continue;
    INFO("element " << i);
    REQUIRE(a == Approx(b).epsilon(1e-5).margin(1e-4));
  }
}

}  // namespace

TEST_CASE("random pipelines give block by block what they give as a whole") {
  const std::uint64_t first_seed = std::getenv("RANKINE_SEED") ? std::strtoull(std::getenv("RANKINE_SEED"), nullptr, 10) : 1;
  const std::uint64_t seeds = std::getenv("RANKINE_SEED") ? 1 : 300;
  store::Reader reader;
  store::Writer writer;
  for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    INFO("repeat with RANKINE_SEED=" << seed << " test_runtime");
    Prng prng(seed);
    const Shape shape{static_cast<std::int64_t>(1 + prng.below(40)), static_cast<std::int64_t>(1 + prng.below(9)),
                      static_cast<std::int64_t>(1 + prng.below(9))};
    Shape chunk;
    for (const std::int64_t extent : shape) chunk.push_back(1 + static_cast<std::int64_t>(prng.below(static_cast<std::uint64_t>(extent))));
    const RawFile file(shape, chunk, prng);

    plan::LogicalPlan logical;
    logical.options.block_bytes = 256 + prng.below(2000);  // many blocks from little data
    logical.options.least_block_bytes = 64;
    logical.options.state_bytes = 512 + prng.below(4000);
    logical.options.fan_in = 2 + static_cast<std::uint32_t>(prng.below(4));
    logical.options.push_down = prng.chance(0.7);
    logical.options.merge_common = prng.chance(0.7);
    logical.options.share_reads = prng.chance(0.7);
    std::vector<ExprPtr> results;
    ExprPtr x = file.expr();
    for (std::uint64_t step = 0; step < 1 + prng.below(4); ++step) {
      x = random_step(x, prng);
      if (prng.chance(0.4)) results.push_back(x);
    }
    results.push_back(x);
    results.push_back(array::reduce(x, {0, 1, 2}, random_spec(prng)));
    results.push_back(array::reduce(x, {1}, random_spec(prng)));
    for (const auto& result : results) logical.sinks.push_back({plan::SinkKind::value, result, {}, 0, 0, {}});

    const auto run_plan = runtime::lower_run_plan(runtime::encode_run_plan(plan::simplify(logical), {}));
    const plan::LoweredPlan& lowered = run_plan->lowered;
    const runtime::TaskRunner runner(run_plan, reader, writer);
    runtime::Inputs done;
    std::vector<std::vector<TaskId>> dependents_by_inputs(lowered.task_count());
    for (std::uint32_t t = 0; t < lowered.task_count(); ++t) {
      const TaskId task{t};
      std::vector<TaskId> inputs;
      lowered.dependencies(task, inputs);
      runtime::Inputs held;
      for (const TaskId input : inputs) {
        REQUIRE(input < task);
        held.emplace(input, done.at(input));
        dependents_by_inputs[input.value].push_back(task);
      }
      const runtime::BlockPtr block = runner.run(task, held);
      INFO("task " << lowered.describe(task));
      REQUIRE(block->bytes() == lowered.output_bytes(task));
      done.emplace(task, block);
    }
    for (std::uint32_t t = 0; t < lowered.task_count(); ++t) {
      std::vector<TaskId> dependents;
      lowered.dependents(TaskId{t}, dependents);
      REQUIRE(dependents == dependents_by_inputs[t]);
      REQUIRE((!dependents.empty() || lowered.is_wanted(TaskId{t})));  // nothing is computed for nobody
    }

    DirectLeaves leaves(reader);
    for (std::size_t i = 0; i < results.size(); ++i) {
      const plan::Layer& layer = lowered.value_layer(i);
      NdArray whole(layer.dtype, results[i]->shape);
      for (std::uint32_t t = 0; t < layer.task_count; ++t) {
        const TaskId task{layer.first_task + t};
        copy_into(StridedView::of(done.at(task)->parts.at(0)), whole, layer.grid.box_of(lowered.block_of(task)).begin);
      }
      INFO("result " << i);
      require_close(whole, array::evaluate(results[i], Box::whole(results[i]->shape), leaves));
    }
  }
}
