#include <catch2/catch.hpp>

#include "array/evaluate.hpp"
#include "array/evaluation_cuts.hpp"
#include "array/expr_walk.hpp"
#include "array/moved_values.hpp"
#include "array/same_computation.hpp"
#include "array/streaming_pieces.hpp"
#include "array/visit_stored.hpp"
#include "base/byte_stream.hpp"
#include "small_stack.hpp"

using namespace rankine;
using namespace rankine::array;
using kernel::Op;
using rankine::testing::on_small_stack;

namespace {

ExprPtr stored(std::int64_t extent) {
  auto array = std::make_shared<StoredArray>();
  array->storage = Storage::chunked;
  array->variable = "t";
  array->dtype = DType::float64;
  array->shape = {extent};
  array->chunk_shape = {4};
  return source(array);
}

ExprPtr number(double value) { return constant(NdArray::from(std::vector<double>{value}, {1})); }

/// t = t.where(t > i), `steps` times: three nodes a step, and 2^steps ways down.
ExprPtr masked(ExprPtr t, int steps) {
  const ExprPtr nothing = number(std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < steps; ++i) t = elementwise(Op::where, {elementwise(Op::greater, {t, number(i)}), t, nothing});
  return t;
}

/// t = t + t.shift(time=1, fill_value=0), `steps` times.
ExprPtr added_to_neighbours(ExprPtr t, int steps) {
  const std::int64_t extent = t->shape[0];
  for (int i = 0; i < steps; ++i)
    t = elementwise(Op::add, {t, concat({number(0), slice(t, {0}, {1}, {extent - 1})}, 0)});
  return t;
}

std::size_t nodes_of(const ExprPtr& expr) {
  InputsFirst walk;
  walk(expr, [](const ExprPtr&) {});
  return walk.visited();
}

std::vector<double> doubles(const NdArray& array) {
  return {array.data<double>(), array.data<double>() + array.size()};
}

/// Gives 0, 1, 2, ... and counts how often it is asked.
class CountingReader : public LeafReader {
 public:
  StridedView read(const StoredArray&, const Box& box) override {
    ++reads;
    NdArray values(DType::float64, box.shape());
    for (std::int64_t i = 0; i < values.size(); ++i) values.data<double>()[i] = static_cast<double>(box.begin[0] + i);
    return StridedView::of(values);
  }
  StridedView layer(LayerId, const Box&) override { throw std::logic_error("there are no layers"); }
  int reads = 0;
};

}  // namespace

TEST_CASE("a walk visits each node once, inputs before their readers, however many ways lead there") {
  const ExprPtr t = masked(stored(8), 1000);
  std::unordered_set<const Expr*> seen;
  bool inputs_first = true;
  InputsFirst walk;
  walk(t, [&](const ExprPtr& expr) {
    for (const auto& input : expr->inputs) inputs_first = inputs_first && seen.count(input.get()) == 1;
    CHECK(seen.insert(expr.get()).second);
  });
  CHECK(inputs_first);
  CHECK(seen.size() == 3 * 1000 + 2);
  int again = 0;
  walk(t, [&](const ExprPtr&) { ++again; });
  CHECK(again == 0);
}

TEST_CASE("a rewriting changes each node once and keeps what is shared shared") {
  int changes = 0;
  const ExprPtr other = stored(8);
  Rewriting rewritten([&](const ExprPtr& original, const ExprPtr& rebuilt) {
    ++changes;
    return original->as<Source>() != nullptr ? other : rebuilt;
  });
  const ExprPtr t = masked(stored(8), 500);
  CHECK(nodes_of(rewritten(t)) == 3 * 500 + 2);
  CHECK(changes == 3 * 500 + 2);
}

TEST_CASE("an answer is worked out once, and begun a second time when what it asks for is known") {
  Answers<int, double> fibonacci([](const int& n, const auto& ask) -> std::optional<double> {
    if (n < 2) return n;
    const double* last = ask(n - 1);
    const double* before = ask(n - 2);
    if (last == nullptr || before == nullptr) return std::nullopt;
    return *last + *before;
  });
  CHECK(fibonacci(50) == 12586269025.0);
  CHECK(fibonacci.size() == 51);
  CHECK(fibonacci.begun() <= 2 * 51);
}

TEST_CASE("a hundred thousand steps are built, asked, sent, read back and let go on a small stack") {
  on_small_stack([] {
    const ExprPtr t = masked(stored(8), 100000);
    CHECK(t->reads);
    CHECK(t->depth == 200000);
    ByteWriter writer;
    write_to(writer, {t});
    const auto bytes = writer.take();
    CHECK(bytes.size() < 100000 * 3 * 120);
    ByteReader reader(bytes);
    const ExprPtr again = read_exprs(reader).at(0);
    CHECK(nodes_of(again) == nodes_of(t));
    CHECK(same_computation(t, again));
    CHECK(reads_stored(again));
    CHECK_FALSE(moved_chunk_shape(again));
    CHECK_FALSE(MovedValues(again).find(Box::whole({8})));
    int arrays = 0;
    visit_stored(again, Box::whole({8}), [&](const StoredArrayPtr&, const Box&) { ++arrays; });
    CHECK(arrays == 1);
    CHECK(piece_borders(again, Box::whole({8}))->at == std::vector<std::int64_t>{4});
  });
}

TEST_CASE("a chain of two thousand where is one program that reads its array once") {
  CountingReader reader;
  const NdArray values = evaluate(masked(stored(4096), 2000), Box::whole({4096}), reader);
  CHECK(reader.reads == 1);
  bool right = true;
  for (std::int64_t i = 0; i < 4096; ++i) {
    const double value = values.data<double>()[i];
    right = right && (i > 1999 ? value == static_cast<double>(i) : std::isnan(value));
  }
  CHECK(right);
}

TEST_CASE("constants that are chained a hundred thousand times are computed part by part") {
  on_small_stack([] {
    ExprPtr t = constant(NdArray::from(std::vector<double>{0, 10, 20}, {3}));
    for (int i = 0; i < 100000; ++i) t = elementwise(Op::add, {t, number(i)});
    const double sum = 99999.0 * 100000 / 2;
    CHECK(doubles(evaluate_constant(t)) == std::vector<double>{sum, sum + 10, sum + 20});
  });
}

TEST_CASE("steps that look at their neighbours double nothing: 2^60 ways, each array made a few times") {
  constexpr int steps = 60, extent = 64;
  std::vector<double> expected(extent, 1);
  for (int step = 0; step < steps; ++step)
    for (std::size_t i = extent; i-- > 1;) expected[i] += expected[i - 1];
  const ExprPtr t = added_to_neighbours(constant(NdArray::from(std::vector<double>(extent, 1), {extent})), steps);
  CHECK(doubles(evaluate_constant(t)) == expected);
  const auto cuts = evaluation_cuts({t}, [](const Expr&) { return false; });
  CHECK(cuts.size() >= steps / 8);
  CHECK(cuts.size() <= steps / 4);
}

TEST_CASE("what people write is not cut") {
  const auto none = [](const std::vector<ExprPtr>& roots) { return evaluation_cuts(roots, [](const Expr&) { return false; }).empty(); };
  CHECK(none({masked(stored(8), 200)}));
  CHECK(none({added_to_neighbours(stored(8), 5)}));
  std::vector<ExprPtr> files;
  for (int file = 0; file < 3000; ++file) files.push_back(masked(stored(8), 3));
  CHECK(none({concat(files, 0)}));
  ExprPtr members = stored(8);
  for (int member = 1; member < 30; ++member) members = elementwise(Op::add, {members, stored(8)});
  CHECK(none({members}));
}

TEST_CASE("a sum of two thousand arrays holds few of them at a time") {
  ExprPtr sum = stored(8);
  for (int member = 1; member < 2000; ++member) sum = elementwise(Op::add, {sum, stored(8)});
  const auto cuts = evaluation_cuts({sum}, [](const Expr&) { return false; });
  CHECK(cuts.size() >= 2000 / 33);
  CHECK(cuts.size() <= 2000 / 30);
}
