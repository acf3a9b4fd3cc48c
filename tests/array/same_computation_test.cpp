#include <catch2/catch.hpp>

#include "array/same_computation.hpp"
#include "array/variable.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

std::shared_ptr<StoredArray> stored() {
  auto array = std::make_shared<StoredArray>();
  array->path = "a.zarr/height";
  array->variable = "height";
  array->dtype = DType::float64;
  array->shape = {6};
  array->chunk_shape = {3};
  return array;
}

ExprPtr mapped(const std::string& kernel, std::vector<kernel::UserParameter> parameters = {}) {
  UserMap node;
  node.kernel = kernel;
  node.parameters = std::move(parameters);
  node.axes.resize(1);
  node.axes[0].output = 0;
  static const ExprPtr input = source(stored());
  return user_map({input}, std::move(node), DType::float64, {6});
}

ExprPtr reduced(const std::string& kernel, std::vector<kernel::UserParameter> parameters = {}) {
  static const ExprPtr input = source(stored());
  return user_reduce(input, {0}, UserReduction{kernel, std::move(parameters), 1, DType::float64}, DType::float64);
}

}  // namespace

TEST_CASE("user kernels are the same computation only by the same kernel with the same parameters and halos") {
  CHECK(same_computation(mapped("smooth"), mapped("smooth")));
  CHECK_FALSE(same_computation(mapped("smooth"), mapped("sharpen")));
  CHECK(same_computation(mapped("scale", {{"by", 2.0}}), mapped("scale", {{"by", 2.0}})));
  CHECK_FALSE(same_computation(mapped("scale", {{"by", 2.0}}), mapped("scale", {{"by", 3.0}})));
  CHECK_FALSE(same_computation(mapped("call", {{"code", "a"}}), mapped("call", {{"code", "b"}})));
  UserMap wide;
  wide.kernel = "smooth";
  wide.axes.resize(1);
  wide.axes[0].output = 0;
  wide.axes[0].before = wide.axes[0].after = 1;
  const ExprPtr narrow = mapped("smooth");
  CHECK_FALSE(same_computation(narrow, user_map({narrow->inputs[0]}, wide, DType::float64, {6})));
}

TEST_CASE("user reductions are the same computation only by the same kernel with the same parameters") {
  CHECK(same_computation(reduced("median"), reduced("median")));
  CHECK_FALSE(same_computation(reduced("median"), reduced("mode")));
  CHECK_FALSE(same_computation(reduced("quantile", {{"q", 0.5}}), reduced("quantile", {{"q", 0.9}})));
}

TEST_CASE("coordinates that different kernels make are not taken for equal") {
  const Variable first = make_variable({"x"}, mapped("scale", {{"by", 2.0}}));
  const Variable second = make_variable({"x"}, mapped("scale", {{"by", 3.0}}));
  CHECK(equal_variables(first, first));
  CHECK_FALSE(equal_variables(first, second));
}

TEST_CASE("a stored array is the same only in the same state") {
  const ExprPtr one = source(stored());
  CHECK(same_computation(one, source(stored())));
  const auto other = [&](const auto& change) {
    auto array = stored();
    change(*array);
    return source(array);
  };
  CHECK_FALSE(same_computation(one, other([](StoredArray& a) { a.variable = "depth"; })));
  CHECK_FALSE(same_computation(one, other([](StoredArray& a) { a.file_size = 100; })));
  CHECK_FALSE(same_computation(one, other([](StoredArray& a) { a.file_mtime_ns = 1; })));
  CHECK_FALSE(same_computation(one, other([](StoredArray& a) { a.big_endian = true; })));
  CHECK_FALSE(same_computation(one, other([](StoredArray& a) { a.zarr.prefix = "c/"; })));
}

TEST_CASE("comparing expressions takes a step for each pair of nodes, not for each way down") {
  const auto doubled = [](int times) {
    ExprPtr t = source(stored());
    for (int i = 0; i < times; ++i) t = elementwise(kernel::Op::add, {t, t});
    return t;
  };
  CHECK(same_computation(doubled(5000), doubled(5000)));
  CHECK_FALSE(same_computation(doubled(5000), doubled(5001)));
}
