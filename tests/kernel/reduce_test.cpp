#include <catch2/catch.hpp>
#include <limits>

#include "base/error.hpp"
#include "kernel/reference/reference.hpp"
#include "random_block.hpp"

using namespace rankine;
using namespace rankine::kernel;
using namespace rankine::kernel::testing;

namespace {

const std::vector<ReduceOp> all_ops{ReduceOp::sum, ReduceOp::prod, ReduceOp::mean, ReduceOp::min,   ReduceOp::max,
                                    ReduceOp::var, ReduceOp::std,  ReduceOp::count, ReduceOp::any, ReduceOp::all};

bool is_defined(ReduceOp op, DType dtype) {
  if (!is_time(dtype)) return true;
  if (op == ReduceOp::sum) return dtype == DType::timedelta64;
  return op != ReduceOp::prod && op != ReduceOp::var && op != ReduceOp::std;
}

std::vector<StridedView> views_of(const Partial& partial) {
  std::vector<StridedView> views;
  for (const NdArray& part : partial) views.push_back(StridedView::of(part));
  return views;
}

Program identity_of(DType dtype) { return {{dtype}, {}}; }

/// Allowed difference in the result: sums in double against sums in long double.
constexpr double some_ulps = 2000;
double tolerance(const ReduceSpec& spec) {
  return spec.result_dtype() == DType::float32 && spec.op != ReduceOp::prod ? 1 : some_ulps;
}

template <class F>
void for_each_spec(F f) {
  for (const ReduceOp op : all_ops)
    for (const DType dtype : all_dtypes) {
      if (!is_defined(op, dtype)) continue;
      for (const bool skipna : {true, false}) {
        const bool total = op == ReduceOp::sum || op == ReduceOp::prod;
        const bool moment = op == ReduceOp::var || op == ReduceOp::std;
        f(ReduceSpec{op, dtype, skipna});
        if (moment) f(ReduceSpec{op, dtype, skipna, 1});
        if (total) f(ReduceSpec{op, dtype, skipna, 0, 3});
      }
    }
}

std::string label(const ReduceSpec& spec) {
  return "op " + std::to_string(static_cast<int>(spec.op)) + " of " + rankine::name_of(spec.input) +
         (spec.skipna ? " skipna" : "") + " ddof " + std::to_string(spec.ddof) + " min_count " +
         std::to_string(spec.min_count);
}

}  // namespace

TEST_CASE("every reduction over every set of axes gives what the plain loop gives") {
  const Shape shape{5, 3, 37};
  for_each_spec([&](const ReduceSpec& spec) {
    const NdArray block = gentle_block(spec.input, shape, 11, 4);
    const StridedView views[] = {StridedView::of(block), StridedView::of(block).sliced(2, 36, -1, 37)};
    for (const StridedView& view : views)
      for (int mask = 0; mask < 8; ++mask) {
        std::vector<int> axes;
        for (int k = 0; k < 3; ++k)
          if (mask >> k & 1) axes.push_back(k);
        INFO(label(spec) << " axes mask " << mask);
        const Partial partial = reduce_block(identity_of(spec.input), {&view, 1}, shape, axes, spec);
        const Partial expected = reference::reduce_block(identity_of(spec.input), {&view, 1}, shape, axes, spec);
        const std::vector<DType> dtypes = partial_dtypes(spec);
        REQUIRE(partial.size() == dtypes.size());
        for (std::size_t p = 0; p < dtypes.size(); ++p) {
          CHECK(partial[p].dtype() == dtypes[p]);
          CHECK(partial[p].shape() == expected[p].shape());
        }
        const NdArray result = finalise(spec, partial);
        CHECK(result.dtype() == spec.result_dtype());
        CHECK(close(result, reference::finalise(spec, expected), tolerance(spec)));
      }
  });
}

TEST_CASE("reductions of shapes around the strip and lane sizes give what the plain loop gives") {
  const Shape shapes[] = {{9, 2047}, {5, 2048}, {6, 2049}, {3, 5000}, {700, 5}, {2, 31}, {2, 32}, {2, 33}, {4, 2, 2100},
                          {0, 3}, {3, 0}, {1, 1}, {}, {6}, {4097}, {3, 2, 4, 3, 5}};
  for (const ReduceOp op : {ReduceOp::mean, ReduceOp::std, ReduceOp::max, ReduceOp::count})
    for (const Shape& shape : shapes) {
      const ReduceSpec spec{op, DType::float32};
      const NdArray block = gentle_block(DType::float32, shape, 7, 5);
      const StridedView view = StridedView::of(block);
      const Program scaled{{DType::float32}, {{Op::add, DType::float32, DType::float32, {0, 0}}}};
      for (int mask = 0; mask < 1 << shape.size(); ++mask) {
        std::vector<int> axes;
        for (int k = 0; k < static_cast<int>(shape.size()); ++k)
          if (mask >> k & 1) axes.push_back(k);
        INFO(label(spec) << " shape " << format_tuple(shape) << " axes mask " << mask);
        for (const Program& program : {identity_of(DType::float32), scaled})
          CHECK(close(finalise(spec, reduce_block(program, {&view, 1}, shape, axes, spec)),
                      finalise(spec, reference::reduce_block(program, {&view, 1}, shape, axes, spec)), 1));
      }
    }
}

TEST_CASE("grouped reductions give what the plain loop gives, on narrow and wide columns") {
  for_each_spec([&](const ReduceSpec& spec) {
    for (const Shape& shape : {Shape{40, 3}, Shape{2, 40, 300}, Shape{3, 40}, Shape{40, 2, 1100}}) {
      const int axis = shape.size() == 2 ? (shape[0] == 40 ? 0 : 1) : (shape[0] == 40 ? 0 : 1);
      std::vector<std::int32_t> slots;
      for (int i = 0; i < 40; ++i) slots.push_back(i % 11 == 10 ? -1 : i < 24 ? i % 6 : i / 10 + 3);
      const NdArray block = gentle_block(spec.input, shape, 3, 4);
      const StridedView view = StridedView::of(block);
      INFO(label(spec) << " shape " << format_tuple(shape));
      const auto fast = reduce_block_grouped(identity_of(spec.input), {&view, 1}, shape, axis, slots, 9, spec);
      const auto plain = reference::reduce_block_grouped(identity_of(spec.input), {&view, 1}, shape, axis, slots, 9, spec);
      CHECK(close(finalise(spec, fast), reference::finalise(spec, plain), tolerance(spec)));
    }
  });
}

TEST_CASE("a group of a grouped reduction equals the reduction of its members") {
  const Shape shape{600, 4};
  const NdArray block = gentle_block(DType::float32, shape, 3, 6);
  const StridedView view = StridedView::of(block);
  std::vector<std::int32_t> slots;
  for (int i = 0; i < 600; ++i) slots.push_back(i % 12);
  const Program sum{{DType::float32}, {{Op::add, DType::float32, DType::float32, {0, 0}}}};
  const ReduceSpec spec{ReduceOp::std, DType::float32};
  const NdArray all = finalise(spec, reduce_block_grouped(sum, {&view, 1}, shape, 0, slots, 12, spec));
  for (int g = 0; g < 12; ++g) {
    const StridedView members = view.sliced(0, g, 12, 50);
    const NdArray one = finalise(spec, reduce_block(sum, {&members, 1}, {50, 4}, std::vector<int>{0}, spec));
    CHECK(identical(materialise(StridedView::of(all).inside({{g, 0}, {g + 1, 4}})), one));
  }
}

TEST_CASE("partials of blocks merge to the reduction of the whole, by position and by slot") {
  for_each_spec([&](const ReduceSpec& spec) {
    INFO(label(spec));
    const NdArray block = gentle_block(spec.input, {30, 7}, 8, 3);
    const StridedView view = StridedView::of(block);
    const std::vector<int> axes{0};
    const Program program = identity_of(spec.input);
    Partial merged = identity_partial(spec, {1, 7}), plain = identity_partial(spec, {1, 7});
    Partial slots = identity_partial(spec, {2, 7});
    const std::vector<std::int32_t> to_slot{1};
    for (const auto& [begin, end] : {std::pair{0, 4}, {4, 4}, {4, 29}, {29, 30}}) {
      const StridedView part = view.inside({{begin, 0}, {end, 7}});
      const Partial partial = reduce_block(program, {&part, 1}, {end - begin, 7}, axes, spec);
      combine(spec, merged, views_of(partial));
      reference::combine(spec, plain, views_of(partial));
      combine_slots(spec, slots, views_of(partial), 0, to_slot);
    }
    const NdArray whole = finalise(spec, reduce_block(program, {&view, 1}, {30, 7}, axes, spec));
    CHECK(close(finalise(spec, merged), whole, tolerance(spec)));
    CHECK(close(reference::finalise(spec, plain), whole, tolerance(spec)));
    const NdArray by_slot = finalise(spec, slots);
    CHECK(identical(materialise(StridedView::of(by_slot).inside({{1, 0}, {2, 7}})), finalise(spec, merged)));
    const NdArray empty = finalise(spec, identity_partial(spec, {1, 7}));
    CHECK(identical(materialise(StridedView::of(by_slot).inside({{0, 0}, {1, 7}})), empty));
  });
}

TEST_CASE("known values: NaN, min_count, ddof and times as xarray has them") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const NdArray x = NdArray::from<float>({1, nan, 4, nan, nan, nan}, {2, 3});
  const StridedView view = StridedView::of(x);
  const auto reduced = [&](ReduceSpec spec) {
    return finalise(spec, reduce_block(identity_of(DType::float32), {&view, 1}, {2, 3}, std::vector<int>{1}, spec));
  };
  const auto floats = [](float a, float b) { return NdArray::from<float>({a, b}, {2, 1}); };
  const DType f = DType::float32;
  CHECK(identical(reduced({ReduceOp::sum, f}), floats(5, 0)));
  CHECK(identical(reduced({ReduceOp::sum, f, true, 0, 1}), floats(5, nan)));
  CHECK(identical(reduced({ReduceOp::sum, f, false, 0, 1}), floats(nan, nan)));
  CHECK(identical(reduced({ReduceOp::prod, f}), floats(4, 1)));
  CHECK(identical(reduced({ReduceOp::mean, f}), floats(2.5, nan)));
  CHECK(identical(reduced({ReduceOp::min, f}), floats(1, nan)));
  CHECK(identical(reduced({ReduceOp::max, f, false}), floats(nan, nan)));
  CHECK(identical(reduced({ReduceOp::var, f}), floats(2.25, nan)));
  CHECK(identical(reduced({ReduceOp::var, f, true, 1}), floats(4.5, nan)));
  CHECK(identical(reduced({ReduceOp::std, f, true, 2}), floats(nan, nan)));
  CHECK(identical(reduced({ReduceOp::count, f}), NdArray::from<std::int64_t>({2, 0}, {2, 1})));
  CHECK(reduced({ReduceOp::any, f}).values<std::uint8_t>()[1] == 1);

  const NdArray times = NdArray::from<std::int64_t>({5, not_a_time, 8, -4}).viewed_as(DType::datetime64);
  const StridedView t = StridedView::of(times);
  const auto time = [&](ReduceOp op, bool skipna) {
    const ReduceSpec spec{op, DType::datetime64, skipna};
    return finalise(spec, reduce_block(identity_of(DType::datetime64), {&t, 1}, {4}, std::vector<int>{0}, spec)).as_int64(0);
  };
  CHECK(time(ReduceOp::min, true) == -4);
  CHECK(time(ReduceOp::max, true) == 8);
  CHECK(time(ReduceOp::mean, true) == 3);
  CHECK(time(ReduceOp::min, false) == not_a_time);
  CHECK(time(ReduceOp::max, false) == not_a_time);
  CHECK(time(ReduceOp::mean, false) == not_a_time);
  CHECK(time(ReduceOp::count, true) == 3);
  CHECK_THROWS_AS(partial_dtypes({ReduceOp::sum, DType::datetime64}), UnsupportedError);
}

TEST_CASE("the variance of values far from zero keeps its digits") {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back(1e9 + i % 3);
  const NdArray x = NdArray::from(values);
  const StridedView view = StridedView::of(x);
  for (const Shape& shape : {Shape{3000, 1}, Shape{1, 3000}}) {
    StridedView shaped = view;
    shaped.shape = shape;
    shaped.byte_strides = {8, 8};
    const ReduceSpec spec{ReduceOp::var, DType::float64};
    const NdArray variance =
        finalise(spec, reduce_block(identity_of(DType::float64), {&shaped, 1}, shape, std::vector<int>{0, 1}, spec));
    CHECK(variance.as_double(0) == Approx(2.0 / 3).epsilon(1e-13));
  }
}
