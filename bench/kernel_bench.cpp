// How close do reductions come to the speed at which memory delivers the block? Each case checks its
// answer against the plain loop first; bytes/s count the block once, memcpy's likewise.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/prng.hpp"
#include "kernel/reference/reference.hpp"

using namespace rankine;
using namespace rankine::kernel;

namespace {

const Shape shape{240, 181, 360};

/// (time, lat, lon) float32 around 280 with one value in a hundred missing.
const NdArray& block() {
  static const NdArray filled = [] {
    NdArray array(DType::float32, shape);
    Prng prng(1);
    for (float& x : array.values<float>())
      x = prng.below(100) == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(280 + 20 * prng.uniform());
    return array;
  }();
  return filled;
}

/// Merged rounding differences of two summation orders stay within one float32 step.
bool agree(const NdArray& a, const NdArray& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    if (!(std::isnan(x) && std::isnan(y)) && !(std::abs(x - y) <= 0x1p-22 * std::abs(y))) return false;
  }
  return true;
}

const Program whole{{DType::float32}, {}};

void copy(benchmark::State& state) {
  NdArray to(DType::float32, shape);
  for (auto _ : state) {
    std::memcpy(to.raw(), block().raw(), block().bytes().value);
    benchmark::DoNotOptimize(to.raw());
  }
  if (std::memcmp(to.raw(), block().raw(), to.bytes().value) != 0) state.SkipWithError("the copy differs");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block().bytes().value));
}

void reduce(benchmark::State& state, ReduceOp op, std::vector<int> axes) {
  const ReduceSpec spec{op, DType::float32};
  const StridedView view = StridedView::of(block());
  if (!agree(finalise(spec, reduce_block(whole, {&view, 1}, shape, axes, spec)),
             reference::finalise(spec, reference::reduce_block(whole, {&view, 1}, shape, axes, spec))))
    return state.SkipWithError("the answer differs from the plain loop's");
  for (auto _ : state) benchmark::DoNotOptimize(reduce_block(whole, {&view, 1}, shape, axes, spec));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block().bytes().value));
}

/// positions_per_slot consecutive positions fall into one of 12 slots, then into the next.
void reduce_by_month(benchmark::State& state, ReduceOp op, std::int32_t positions_per_slot) {
  const ReduceSpec spec{op, DType::float32};
  const StridedView view = StridedView::of(block());
  std::vector<std::int32_t> slots;
  for (std::int32_t i = 0; i < shape[0]; ++i) slots.push_back(i / positions_per_slot % 12);
  if (!agree(finalise(spec, reduce_block_grouped(whole, {&view, 1}, shape, 0, slots, 12, spec)),
             reference::finalise(spec, reference::reduce_block_grouped(whole, {&view, 1}, shape, 0, slots, 12, spec))))
    return state.SkipWithError("the answer differs from the plain loop's");
  for (auto _ : state)
    benchmark::DoNotOptimize(reduce_block_grouped(whole, {&view, 1}, shape, 0, slots, 12, spec));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block().bytes().value));
}

/// mean over time of (x - climatology)^2, fused.
void fused_anomaly(benchmark::State& state) {
  const DType f = DType::float32;
  const Program program{{f, f}, {{Op::subtract, f, f, {0, 1}}, {Op::square, f, f, {2}}}};
  const ReduceSpec spec{ReduceOp::mean, f};
  NdArray climatology(f, {1, shape[1], shape[2]});
  for (float& x : climatology.values<float>()) x = 281.5F;
  const StridedView views[] = {StridedView::of(block()), StridedView::of(climatology).broadcast_to(shape)};
  const std::vector<int> axes{0};
  if (!agree(finalise(spec, reduce_block(program, views, shape, axes, spec)),
             reference::finalise(spec, reference::reduce_block(program, views, shape, axes, spec))))
    return state.SkipWithError("the answer differs from the plain loop's");
  for (auto _ : state) benchmark::DoNotOptimize(reduce_block(program, views, shape, axes, spec));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(block().bytes().value));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RegisterBenchmark("memcpy", copy);
  for (const auto& [name, op] : {std::pair<std::string, ReduceOp>{"mean", ReduceOp::mean}, {"std", ReduceOp::std}, {"max", ReduceOp::max}}) {
    for (const auto& [over, axes] : {std::pair<std::string, std::vector<int>>{"time", {0}}, {"lon", {2}}, {"lat_lon", {1, 2}}, {"all", {0, 1, 2}}}) {
      const ReduceOp operation = op;
      const std::vector<int> reduced = axes;
      benchmark::RegisterBenchmark((name + "_over_" + over).c_str(),
                                   [=](benchmark::State& state) { reduce(state, operation, reduced); });
    }
    const ReduceOp operation = op;
    benchmark::RegisterBenchmark((name + "_by_month_daily").c_str(),
                                 [=](benchmark::State& state) { reduce_by_month(state, operation, 10); });
    benchmark::RegisterBenchmark((name + "_by_month_monthly").c_str(),
                                 [=](benchmark::State& state) { reduce_by_month(state, operation, 1); });
  }
  benchmark::RegisterBenchmark("mean_of_squared_anomaly", fused_anomaly);
  benchmark::RunSpecifiedBenchmarks();
}
