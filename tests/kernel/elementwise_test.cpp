#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/reference/reference.hpp"
#include "random_block.hpp"

using namespace rankine;
using namespace rankine::kernel;
using namespace rankine::kernel::testing;

namespace {

Program single(Op op, DType operand, DType result) {
  Program program;
  if (op == Op::where) program.inputs = {DType::boolean, operand, operand};
  else program.inputs.assign(static_cast<std::size_t>(operand_count(op)), operand);
  program.instructions = {{op, operand, result, {0, 1, 2}}};
  return program;
}

bool is_defined(Op op, DType operand) {
  const bool integer = is_integer(operand) || is_time(operand);
  if ((op >= Op::sqrt && op <= Op::weight) || op == Op::divide || op == Op::hypot || op == Op::arctan2)
    return is_float(operand);
  if (op == Op::left_shift || op == Op::right_shift) return integer;
  if (op == Op::invert) return is_integer(operand);
  if (op >= Op::bitwise_and && op <= Op::bitwise_xor) return !is_float(operand);
  if (operand != DType::boolean) return true;
  return !(op == Op::subtract || op == Op::floor_divide || op == Op::remainder || op == Op::power ||
           op == Op::negative || op == Op::sign || op == Op::square);
}

std::vector<StridedView> views_of(const std::vector<NdArray>& arrays) {
  std::vector<StridedView> views;
  for (const NdArray& array : arrays) views.push_back(StridedView::of(array));
  return views;
}

}  // namespace

TEST_CASE("every operation on every dtype gives what the plain loop gives") {
  for (int o = 0; o <= static_cast<int>(Op::where); ++o) {
    const Op op = static_cast<Op>(o);
    if (op == Op::cast) continue;
    for (const DType dtype : all_dtypes) {
      INFO(name_of(op) << " of " << rankine::name_of(dtype));
      const Program program = single(op, dtype, result_dtype(op, dtype));
      const Shape shape{2 * 2048 + 5};
      std::vector<NdArray> arrays;
      for (std::size_t i = 0; i < program.inputs.size(); ++i)
        arrays.push_back(random_block(program.inputs[i], shape, 17 * i + 3, true));
      if (op == Op::power && !is_float(dtype) && arrays.size() == 2) arrays[1] = gentle_block(dtype, shape, 5, 0);
      if (op == Op::weight) arrays[0] = gentle_block(dtype, shape, 5, 0);
      if (op == Op::power && is_time(dtype)) arrays[1] = gentle_block(DType::int64, shape, 5, 0).viewed_as(dtype);
      const auto views = views_of(arrays);
      if (!is_defined(op, dtype)) {
        CHECK_THROWS_AS(run(program, views, shape), UnsupportedError);
        continue;
      }
      CHECK(identical(run(program, views, shape), reference::run(program, views, shape)));
    }
  }
}

TEST_CASE("every cast gives what the plain loop gives") {
  for (const DType from : all_dtypes)
    for (const DType to : all_dtypes) {
      INFO(rankine::name_of(from) << " to " << rankine::name_of(to));
      const Program program = single(Op::cast, from, to);
      const Shape shape{3001};
      const std::vector<NdArray> arrays{random_block(from, shape, 9, true)};
      CHECK(identical(run(program, views_of(arrays), shape), reference::run(program, views_of(arrays), shape)));
    }
}

#ifdef __x86_64__
TEST_CASE("both instruction sets give the same bits") {
  for (int o = 0; o <= static_cast<int>(Op::where); ++o)
    for (const DType dtype : all_dtypes) {
      const Op op = static_cast<Op>(o);
      if (op == Op::cast || op == Op::power || op == Op::weight || !__builtin_cpu_supports("avx2")) continue;
      StripKernel plain = baseline::find_arithmetic_kernel(op, dtype);
      StripKernel wide = avx2::find_arithmetic_kernel(op, dtype);
      if (plain == nullptr) plain = baseline::find_comparison_kernel(op, dtype);
      if (wide == nullptr) wide = avx2::find_comparison_kernel(op, dtype);
      REQUIRE((plain == nullptr) == (wide == nullptr));
      if (plain == nullptr) continue;
      INFO(name_of(op) << " of " << rankine::name_of(dtype));
      const Shape shape{1003};
      const NdArray c = random_block(DType::boolean, shape, 1, true);
      const NdArray a = random_block(dtype, shape, 2, true), b = random_block(dtype, shape, 3, true);
      const DType result = result_dtype(op, dtype);
      NdArray x = NdArray::zeros(result, shape), y = NdArray::zeros(result, shape);
      const bool where = op == Op::where;
      plain(where ? c.raw() : a.raw(), where ? a.raw() : b.raw(), b.raw(), x.raw(), 1003);
      wide(where ? c.raw() : a.raw(), where ? a.raw() : b.raw(), b.raw(), y.raw(), 1003);
      CHECK(identical(x, y));
    }
}
#endif

TEST_CASE("weights pass through unless one of them is NaN") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Shape shape{3000};
    NdArray weights = gentle_block(dtype, shape, 5, 0);
    const StridedView view = StridedView::of(weights);
    CHECK(identical(run(single(Op::weight, dtype, dtype), {&view, 1}, shape), weights));
    const NdArray with_nan = gentle_block(dtype, shape, 5, 1000);
    const StridedView gappy = StridedView::of(with_nan);
    CHECK_THROWS_AS(run(single(Op::weight, dtype, dtype), {&gappy, 1}, shape), UsageError);
  }
}

TEST_CASE("floats convert to integers as NumPy 1.24 converts them on x86") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const NdArray x = NdArray::from<double>({nan, 300.7, -1.5, -129., 5e9, 1e19, 2147483648., -2147483648.5});
  const auto convert = [&](DType to) {
    const StridedView view = StridedView::of(x);
    return run(single(Op::cast, DType::float64, to), {&view, 1}, x.shape());
  };
  CHECK(identical(convert(DType::int8), NdArray::from<std::int8_t>({0, 44, -1, 127, 0, 0, 0, 0})));
  CHECK(identical(convert(DType::uint16), NdArray::from<std::uint16_t>({0, 300, 65535, 65407, 0, 0, 0, 0})));
  CHECK(identical(convert(DType::int32), NdArray::from<std::int32_t>({INT32_MIN, 300, -1, -129, INT32_MIN, INT32_MIN,
                                                                      INT32_MIN, INT32_MIN})));
  CHECK(identical(convert(DType::uint32), NdArray::from<std::uint32_t>({2147483648u, 300, 4294967295u, 4294967167u, 0, 0,
                                                                        2147483648u, 2147483648u})));
  CHECK(identical(convert(DType::uint64),
                  NdArray::from<std::uint64_t>({1ULL << 63, 300, UINT64_MAX, UINT64_MAX - 128, 5000000000u,
                                                10000000000000000000u, 2147483648u, 18446744071562067968u})));
}

TEST_CASE("floor division and remainder have Python's signs") {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<NdArray> floats{NdArray::from<double>({7, -7, 7, -7, inf, -1, 5, 0}),
                                    NdArray::from<double>({3, 3, -3, -3, 1, inf, 0, -3})};
  const auto f = views_of(floats);
  CHECK(identical(run(single(Op::floor_divide, DType::float64, DType::float64), f, {8}),
                  NdArray::from<double>({2, -3, -3, 2, nan, -1, inf, -0.0})));
  CHECK(identical(run(single(Op::remainder, DType::float64, DType::float64), f, {8}),
                  NdArray::from<double>({1, 2, -2, -1, nan, inf, nan, -0.0})));
  const std::vector<NdArray> integers{NdArray::from<std::int8_t>({7, -7, 7, -128, 5}),
                                      NdArray::from<std::int8_t>({3, 3, -3, -1, 0})};
  const auto i = views_of(integers);
  CHECK(identical(run(single(Op::floor_divide, DType::int8, DType::int8), i, {5}),
                  NdArray::from<std::int8_t>({2, -3, -3, -128, 0})));
  CHECK(identical(run(single(Op::remainder, DType::int8, DType::int8), i, {5}),
                  NdArray::from<std::int8_t>({1, 2, -2, 0, 0})));
}

TEST_CASE("an integer to a negative power is an error") {
  const std::vector<NdArray> x{NdArray::from<std::int32_t>({2, 3}), NdArray::from<std::int32_t>({2, -1})};
  CHECK_THROWS_AS(run(single(Op::power, DType::int32, DType::int32), views_of(x), {2}), UsageError);
}

TEST_CASE("a fused chain over sliced, reversed, transposed and broadcast inputs equals the plain loop") {
  // (x - clim)^2 / scale where x > clim else -x, as float64
  const DType f = DType::float32;
  Program program{{f, f, f, f},
                  {{Op::subtract, f, f, {0, 1}},
                   {Op::power, f, f, {4, 2}},
                   {Op::divide, f, f, {5, 3}},
                   {Op::greater, f, DType::boolean, {0, 1}},
                   {Op::negative, f, f, {0}},
                   {Op::where, f, f, {7, 6, 8}},
                   {Op::cast, f, DType::float64, {9}}}};
  for (const Shape& shape : {Shape{7, 30, 41}, Shape{3, 1, 2048}, Shape{2, 3, 2049}, Shape{0, 4, 5}, Shape{1, 1, 1}}) {
    const NdArray wide = random_block(f, {shape[0], 2 * shape[1] + 1, shape[2] + 3}, 1, false);
    const NdArray turned = random_block(f, {shape[2], shape[1], 1}, 2, false);
    const NdArray two = NdArray::from<float>({2}, {1, 1, 1});
    const NdArray by_lat = random_block(f, {1, shape[1], 1}, 4, false);
    const std::vector<StridedView> views{
        StridedView::of(wide).sliced(1, 2 * shape[1] - 1, -2, shape[1]).sliced(2, shape[2] + 1, -1, shape[2]),
        StridedView::of(turned).permuted({2, 1, 0}).broadcast_to(shape), StridedView::of(two).broadcast_to(shape),
        StridedView::of(by_lat).broadcast_to(shape)};
    CHECK(identical(run(program, views, shape), reference::run(program, views, shape)));
  }
}

TEST_CASE("no instructions copy the view, unaligned and 0-d ones too") {
  std::vector<std::byte> bytes(4 * 2100 + 1);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i % 113);
  StridedView view{DType::float32, bytes.data() + 1, {2100}, {4}, nullptr};
  const Program copy{{DType::float32}, {}};
  CHECK(identical(run(copy, {&view, 1}, {2100}), materialise(view)));
  const Program twice{{DType::float32}, {{Op::add, DType::float32, DType::float32, {0, 0}}}};
  CHECK(identical(run(twice, {&view, 1}, {2100}), reference::run(twice, {&view, 1}, {2100})));
  const NdArray one = NdArray::scalar(1.5f);
  view = StridedView::of(one);
  CHECK(identical(run(twice, {&view, 1}, {}), NdArray::scalar(3.0f)));
}
