#include <catch2/catch.hpp>

#include "array/streaming_pieces.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

ExprPtr chunked(const Shape& shape, const Shape& chunk, Storage storage = Storage::chunked) {
  auto array = std::make_shared<StoredArray>();
  array->storage = storage;
  array->dtype = DType::float32;
  array->shape = shape;
  array->chunk_shape = chunk;
  return source(array);
}

/// Where the pieces begin and end along axis 0.
std::vector<std::int64_t> cuts(const ExprPtr& expr, const Box& box, std::int64_t least_rows) {
  std::int64_t row_bytes = 4;
  for (int axis = 1; axis < box.ndim(); ++axis) row_bytes *= box.extent(axis);
  std::vector<std::int64_t> at;
  for (const Box& piece : streaming_pieces(expr, box, static_cast<std::uint64_t>(least_rows * row_bytes))) {
    if (at.empty()) at.push_back(piece.begin[0]);
    CHECK(piece.begin[0] == at.back());
    for (int axis = 1; axis < box.ndim(); ++axis) CHECK((piece.begin[axis] == box.begin[axis] && piece.end[axis] == box.end[axis]));
    at.push_back(piece.end[0]);
  }
  return at;
}

using Positions = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a block that streams is cut where stored chunks end, never inside of one") {
  const ExprPtr data = chunked({100, 8}, {16, 8});
  CHECK(cuts(data, {{0, 0}, {48, 8}}, 4) == Positions{0, 16, 32, 48});
  CHECK(cuts(data, {{0, 0}, {100, 8}}, 20) == Positions{0, 32, 64, 96, 100});
  CHECK(cuts(slice(data, {10, 0}, {1, 1}, {80, 8}), {{0, 0}, {80, 8}}, 4) == Positions{0, 6, 22, 38, 54, 70, 80});
  CHECK(cuts(chunked({100, 8}, {10, 8}, Storage::contiguous), {{0, 0}, {20, 8}}, 6) == Positions{0, 6, 12, 20});
  CHECK(cuts(data, {{0, 0}, {7, 8}}, 4) == Positions{0, 7});  // too little to be worth it
}

TEST_CASE("files side by side are streamed one by one") {
  const ExprPtr joined = concat({chunked({5, 8}, {5, 8}), chunked({6, 8}, {2, 8}), chunked({5, 8}, {5, 8})}, 0);
  CHECK(cuts(joined, Box::whole(joined->shape), 1) == Positions{0, 5, 7, 9, 11, 16});
  CHECK(cuts(joined, {{6, 0}, {16, 8}}, 1) == Positions{6, 7, 9, 11, 16});
}

TEST_CASE("operands of different chunks are cut where both end, and what would be read for every piece stops it") {
  const ExprPtr a = chunked({48, 8}, {4, 8}), b = chunked({48, 8}, {6, 8});
  const Box whole = Box::whole(a->shape);
  CHECK(cuts(elementwise(kernel::Op::add, {a, b}), whole, 1) == Positions{0, 12, 24, 36, 48});
  CHECK(cuts(elementwise(kernel::Op::add, {a, chunked({1, 8}, {1, 8})}), whole, 1) == Positions{0, 48});
  const ExprPtr row = constant(NdArray::zeros(DType::float32, {1, 8}));
  CHECK(cuts(elementwise(kernel::Op::add, {b, row}), whole, 1) == Positions{0, 6, 12, 18, 24, 30, 36, 42, 48});
  CHECK(cuts(slice(a, {0, 0}, {2, 1}, {24, 8}), {{0, 0}, {24, 8}}, 1) == Positions{0, 24});
  CHECK(cuts(chunked({48, 8}, {4, 8}, Storage::library), whole, 1) == Positions{0, 48});
}
