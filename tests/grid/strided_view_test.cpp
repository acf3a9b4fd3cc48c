#include <catch2/catch.hpp>

#include "base/byte_stream.hpp"
#include "grid/strided_view.hpp"

using namespace rankine;

namespace {

/// 0 1 2 / 3 4 5, as int32
NdArray two_by_three() { return NdArray::from(std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}, {2, 3}); }

std::vector<std::int32_t> elements(const StridedView& view) {
  const NdArray copy = materialise(view);
  const auto values = static_cast<const NdArray&>(copy).values<std::int32_t>();
  return {values.begin(), values.end()};
}

}  // namespace

TEST_CASE("a view of an array has its strides and keeps its elements alive") {
  StridedView view;
  {
    const NdArray array = two_by_three();
    view = StridedView::of(array);
  }
  CHECK(view.byte_strides == Shape{12, 4});
  CHECK(view.is_c_contiguous());
  CHECK(view.size() == 6);
  CHECK(elements(view) == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("parts, steps, transpositions and stretched axes are views of the same elements") {
  const NdArray array = two_by_three();
  const StridedView view = StridedView::of(array);
  const StridedView part = view.inside({{0, 1}, {2, 3}});
  CHECK(elements(part) == std::vector<std::int32_t>{1, 2, 4, 5});
  CHECK_FALSE(part.is_c_contiguous());
  CHECK(part.data == array.raw() + 4);
  CHECK(elements(view.sliced(1, 2, -2, 2)) == std::vector<std::int32_t>{2, 0, 5, 3});
  const StridedView turned = view.permuted({1, -1, 0});
  CHECK(turned.shape == Shape{3, 1, 2});
  CHECK(elements(turned) == std::vector<std::int32_t>{0, 3, 1, 4, 2, 5});
  const StridedView row = view.inside({{1, 0}, {2, 3}}).broadcast_to({3, 3});
  CHECK(row.byte_strides[0] == 0);
  CHECK(elements(row) == std::vector<std::int32_t>{3, 4, 5, 3, 4, 5, 3, 4, 5});
  CHECK(elements(view.inside({{0, 1}, {0, 3}})).empty());
}

TEST_CASE("what is copied into an array lands at its origin and nowhere else") {
  NdArray to = NdArray::zeros(DType::int32, {3, 4});
  copy_into(StridedView::of(two_by_three()).permuted({1, 0}), to, {0, 2});
  CHECK(identical(to, NdArray::from(std::vector<std::int32_t>{0, 0, 0, 3, 0, 0, 1, 4, 0, 0, 2, 5}, {3, 4})));
}

TEST_CASE("arrays of all kinds come back from bytes the same") {
  ByteWriter writer;
  const NdArray numbers = two_by_three();
  const NdArray texts = NdArray::from_strings({"a", "", "longer than most texts are in memory"}, {3});
  const NdArray nothing(DType::float64, {0, 4});
  for (const NdArray* array : {&numbers, &texts, &nothing}) array->write_to(writer);
  const auto bytes = writer.take();
  ByteReader reader(bytes);
  for (const NdArray* array : {&numbers, &texts, &nothing}) CHECK(identical(NdArray::read_from(reader), *array));
  CHECK(reader.remaining() == 0);
  CHECK_FALSE(identical(numbers, numbers.reshaped({3, 2})));
  CHECK(numbers.reshaped({3, 2}).raw() == numbers.raw());
}
