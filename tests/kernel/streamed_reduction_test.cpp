#include <catch2/catch.hpp>

#include "kernel/reduce.hpp"
#include "random_block.hpp"

using namespace rankine;
using namespace rankine::kernel;
using namespace rankine::kernel::testing;

namespace {

/// The block in pieces of these extents along axis 0, one after the other; the last takes what is left.
Partial streamed(const ReduceSpec& spec, const NdArray& block, const std::vector<int>& axes, std::int64_t extent) {
  StreamedReduction reduction(spec, block.shape(), axes);
  const Program program{{spec.input}, {}};
  for (std::int64_t at = 0; at < block.shape()[0]; at += extent) {
    const std::int64_t count = std::min(extent, block.shape()[0] - at);
    const StridedView piece = StridedView::of(block).sliced(0, at, 1, count);
    reduction.add(program, {&piece, 1}, count);
  }
  return reduction.finish();
}

}  // namespace

TEST_CASE("a reduction that is fed piece by piece gives the bits of the whole block's") {
  const DType dtypes[] = {DType::float32, DType::float64, DType::int16, DType::int64, DType::boolean};
  const ReduceOp ops[] = {ReduceOp::sum, ReduceOp::mean, ReduceOp::min, ReduceOp::max, ReduceOp::var, ReduceOp::std, ReduceOp::count};
  struct Case {
    Shape shape;
    std::vector<int> axes;
  };
  // One strip and several; kept axes between reduced ones; axes of extent 1.
  const Case cases[] = {{{13, 7, 5}, {0}}, {{9, 3000}, {0}}, {{6, 4, 3, 11}, {0, 2}}, {{6, 4, 3, 11}, {0, 1}}, {{8, 5, 1}, {0}}, {{5, 1, 9}, {0, 1}}};
  for (const DType dtype : dtypes)
    for (const ReduceOp op : ops)
      for (const Case& one : cases)
        for (const bool skipna : {true, false})
          for (const std::int64_t extent : {std::int64_t{1}, std::int64_t{3}, one.shape[0]}) {
            const ReduceSpec spec{op, dtype, skipna};
            const NdArray block = gentle_block(dtype, one.shape, 21, 5);
            INFO("op " << static_cast<int>(op) << " of " << rankine::name_of(dtype) << " of " << format_tuple(one.shape) << " in pieces of " << extent);
            const StridedView view = StridedView::of(block);
            const Partial whole = reduce_block({{dtype}, {}}, {&view, 1}, one.shape, one.axes, spec);
            const Partial pieces = streamed(spec, block, one.axes, extent);
            REQUIRE(pieces.size() == whole.size());
            for (std::size_t part = 0; part < whole.size(); ++part) REQUIRE(identical(pieces[part], whole[part]));
          }
}

TEST_CASE("reductions whose lanes do not outlive a piece are not streamed") {
  const auto fits = [](const Shape& shape, std::vector<int> axes) { return StreamedReduction::fits(shape, axes); };
  CHECK(fits({4, 5, 6}, {0}));
  CHECK(fits({4, 5, 6}, {0, 1}));
  CHECK_FALSE(fits({4, 5, 6}, {0, 2}));
  CHECK_FALSE(fits({4, 5, 1}, {0, 1}));
  CHECK_FALSE(fits({4, 5, 6}, {1}));
  CHECK_FALSE(fits({4}, {0}));
  CHECK_FALSE(fits({4, 0, 6}, {0}));
}
