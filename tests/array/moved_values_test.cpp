#include <catch2/catch.hpp>
#include <cmath>

#include "array/arithmetic.hpp"
#include "array/cf_decode.hpp"
#include "array/cf_encode_variable.hpp"
#include "array/loader.hpp"
#include "array/moved_values.hpp"
#include "array/stored_values.hpp"
#include "base/error.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

StoredArrayPtr stored(DType dtype, const Shape& shape, const Shape& chunk) {
  auto array = std::make_shared<StoredArray>();
  array->storage = Storage::chunked;
  array->dtype = dtype;
  array->shape = shape;
  array->chunk_shape = chunk;
  return array;
}

NdArray no_values(const ExprPtr&) { throw std::logic_error("nothing is to be loaded"); }

/// What writing makes of what opening makes of a stored variable with these attributes.
ExprPtr there_and_back(const StoredArrayPtr& array, const Attributes& attributes) {
  Catalogue catalogue;
  StoredVariable variable;
  variable.name = "v";
  variable.dims = {"y", "x"};
  variable.attributes = attributes;
  variable.encoding.set("dtype", name_of(array->dtype));
  variable.data = array;
  catalogue.dims = {{"y", array->shape[0], false}, {"x", array->shape[1], false}};
  catalogue.variables.push_back(variable);
  const Dataset dataset = decode_catalogue(catalogue, {}, no_values);
  return encode_cf_variable("v", *dataset.variables.find("v"), no_values).data;
}

Attributes packing(double scale, double offset, NdArray fill) {
  Attributes attributes;
  attributes.set("scale_factor", NdArray::scalar(scale));
  attributes.set("add_offset", NdArray::scalar(offset));
  attributes.set("_FillValue", std::move(fill));
  return attributes;
}

}  // namespace

TEST_CASE("unpacked and packed again, 16-bit values are moved") {
  const auto array = stored(DType::int16, {8, 6}, {4, 3});
  const ExprPtr values = there_and_back(array, packing(0.01, 273.15, NdArray::scalar(std::int16_t{-32768})));
  REQUIRE(values->dtype == DType::int16);
  REQUIRE(values->as<Source>() == nullptr);
  const auto place = MovedValues(values).find(Box{{4, 0}, {8, 3}});
  REQUIRE(place);
  CHECK(place->array == array);
  CHECK(place->origin == Index{4, 0});
  CHECK(moved_chunk_shape(values) == Shape{4, 3});
}

TEST_CASE("packing that loses a value is computed") {
  const auto array = stored(DType::int16, {8, 6}, {4, 3});
  // Two missing values, of which only one is written again.
  Attributes two = packing(0.01, 0, NdArray::scalar(std::int16_t{-32768}));
  two.set("missing_value", NdArray::scalar(std::int16_t{-32768}));
  CHECK(MovedValues(there_and_back(array, two)).find(Box::whole({8, 6})));
  const ExprPtr raw = source(array);
  const ExprPtr clipped = cast(elementwise(kernel::Op::maximum, {raw, constant(NdArray::scalar(std::int16_t{-32767}).reshaped({1, 1}))}), DType::int16);
  CHECK_FALSE(MovedValues(clipped).find(Box::whole({8, 6})));
}

TEST_CASE("masked floats are moved, scaled ones are not") {
  const auto array = stored(DType::float32, {8, 6}, {4, 3});
  Attributes fill;
  fill.set("_FillValue", NdArray::scalar(1e20f));
  const NdArray written = NdArray::scalar(1e20f);
  CHECK(MovedValues(there_and_back(array, fill), written).find(Box::whole({8, 6})));
  // Without a fill that is written, a stored NaN would become something else.
  CHECK_FALSE(MovedValues(there_and_back(array, fill)).find(Box::whole({8, 6})));
  CHECK_FALSE(MovedValues(there_and_back(array, packing(2, 0, written)), written).find(Box::whole({8, 6})));
  const ExprPtr doubled = elementwise(kernel::Op::add, {source(array), source(array)});
  CHECK_FALSE(MovedValues(doubled).find(Box::whole({8, 6})));
}

TEST_CASE("32-bit integers that pass through float64 are moved, through float32 not") {
  const auto array = stored(DType::int32, {8, 6}, {4, 3});
  CHECK(MovedValues(cast(cast(source(array), DType::float64), DType::int32)).find(Box::whole({8, 6})));
  CHECK_FALSE(MovedValues(cast(cast(source(array), DType::float32), DType::int32)).find(Box::whole({8, 6})));
}

TEST_CASE("slices and concatenations between chunks are moved, boxes across files are not") {
  const auto first = stored(DType::float32, {8, 6}, {4, 3});
  const auto second = stored(DType::float32, {4, 6}, {4, 3});
  const ExprPtr both = concat({slice(source(first), {4, 0}, {1, 1}, {4, 6}), source(second)}, 0);
  const MovedValues moved(both);
  const auto place = moved.find(Box{{4, 3}, {8, 6}});
  REQUIRE(place);
  CHECK(place->array == second);
  CHECK(place->origin == Index{0, 3});
  CHECK(moved.find(Box{{0, 0}, {4, 6}})->origin == Index{4, 0});
  CHECK_FALSE(moved.find(Box{{2, 0}, {6, 6}}));
  CHECK(moved_chunk_shape(both) == Shape{4, 3});
  CHECK_FALSE(moved_chunk_shape(slice(source(first), {2, 0}, {1, 1}, {4, 6})));
  CHECK_FALSE(moved_chunk_shape(slice(source(first), {0, 0}, {2, 1}, {4, 6})));
}

TEST_CASE("values that do not fit their stored dtype are named") {
  OutputVariable variable;
  variable.name = "tas";
  variable.dtype = DType::int16;
  const auto message = [&](NdArray values) {
    try {
      stored_values(std::move(values), variable);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("stored");
  };
  CHECK(message(NdArray::from(std::vector<double>{-32768, 0, 32767})) == "stored");
  CHECK(message(NdArray::from(std::vector<float>{1, 70000})) ==
        "cannot store 70000 of 'tas' as int16 (-32768 to 32767); choose another scale_factor and add_offset, or a wider dtype, "
        "in its encoding");
  CHECK(message(NdArray::from(std::vector<std::int64_t>{-32769})).substr(0, 35) == "cannot store -32769 of 'tas' as int");
  CHECK(message(NdArray::from(std::vector<float>{NAN})).find("give it a _FillValue") != std::string::npos);
  variable.dtype = DType::int64;
  CHECK(message(NdArray::from(std::vector<double>{9.3e18})) != "stored");
  CHECK(message(NdArray::from(std::vector<double>{-9.223372036854775808e18})) == "stored");
  variable.dtype = DType::uint64;
  CHECK(message(NdArray::from(std::vector<float>{-1})) != "stored");
}

TEST_CASE("kept bits are rounded to, fill values and NaN stay") {
  OutputVariable variable;
  variable.name = "tas";
  variable.dtype = DType::float32;
  variable.keep_digits = 3;
  variable.shape = {7};
  variable.fill = NdArray::scalar(1e20f);
  const NdArray rounded = stored_values(NdArray::from(std::vector<float>{1.0f, 1.0625f, 1.06f, -273.15f, 1e20f, INFINITY, NAN}), variable);
  const float* values = rounded.data<float>();
  CHECK(values[0] == 1.0f);
  CHECK(values[1] == 1.125f);
  CHECK(values[2] == 1.0f);
  CHECK(values[3] == -288.0f);
  CHECK(values[4] == 1e20f);
  CHECK(values[5] == INFINITY);
  CHECK(std::isnan(values[6]));
}
