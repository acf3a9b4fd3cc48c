#include <catch2/catch.hpp>

#include <cmath>

#include "array/attribute_check.hpp"
#include "array/cf_encode.hpp"
#include "array/cf_encode_variable.hpp"
#include "array/cf_fill_value.hpp"
#include "array/cf_time_encoding.hpp"
#include "array/evaluate.hpp"
#include "array/stored_values.hpp"
#include "base/error.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

NdArray evaluated(const ExprPtr& expr) { return evaluate_constant(expr); }

template <typename F>
std::string error_of(F&& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

constexpr std::int64_t hour = 3'600'000'000'000;
constexpr std::int64_t day = 24 * hour;

Variable times_at(std::vector<std::int64_t> ns, Attributes encoding) {
  Variable variable = make_variable({"time"}, NdArray::from(ns).viewed_as(DType::datetime64));
  variable.encoding = std::move(encoding);
  return variable;
}

struct Kept {
  std::string units, dtype, note, error;
  bool operator==(const Kept&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Kept& kept) {
  return out << kept.units << " | " << kept.dtype << " | " << kept.note << " | " << kept.error;
}

Kept kept(const Variable& variable, TimeEncodingRules rules = {}) {
  VariableMap variables{{"time", variable}};
  Kept result;
  rules.note = [&](const std::string& text) { result.note = text; };
  result.error = error_of([&] { keep_times(variables, rules, evaluated); });
  const Variable& after = *variables.find("time");
  if (const auto* units = after.encoding.text("units")) result.units = *units;
  if (const auto* dtype = after.encoding.text("dtype")) result.dtype = *dtype;
  return result;
}

Attributes days(const std::string& dtype) { return {{"units", std::string("days since 1970-01-01")}, {"dtype", dtype}}; }

}  // namespace

TEST_CASE("encodings that came with times are changed where they would lose some, and only there") {
  CHECK(kept(times_at({0, day}, days("int16"))) == Kept{"days since 1970-01-01", "int16", "", ""});
  CHECK(kept(times_at({0, day + 6 * hour}, days("int16"))) ==
        Kept{"hours since 1970-01-01", "int16",
             "times of 'time' are written by 'hours since 1970-01-01' as int16: 'days since 1970-01-01' as int16, which came with "
             "'time', does not hold 1970-01-02T06:00:00", ""});
  CHECK(kept(times_at({0, 40'000 * day}, days("int16"))).dtype == "int64");
  CHECK(kept(times_at({0, 40'000 * day}, days("int16"))).units == "days since 1970-01-01");
  CHECK(kept(times_at({-day, 0}, days("uint32"))).dtype == "int64");
  CHECK(kept(times_at({20'000 * day, 20'000 * day + 1}, days("float64"))).units == "nanoseconds since 1970-01-01");
  CHECK(kept(times_at({20'000 * day, 20'000 * day + 1}, days("float64"))).dtype == "int64");
  CHECK(kept(times_at({0, 20'000 * day + hour}, days("float32"))).dtype == "float64");
  CHECK(kept(times_at({0, not_a_time}, days("int32"))).dtype == "float64");
  Attributes with_fill = days("int32");
  with_fill.set("_FillValue", NdArray::scalar<std::int32_t>(-1));
  CHECK(kept(times_at({0, not_a_time}, with_fill)).dtype == "int32");
  TimeEncodingRules classic;
  classic.has_int64 = false;
  CHECK(kept(times_at({0, 40'000 * day}, days("int16")), classic).dtype == "float64");
  Variable wait = make_variable({"time"}, NdArray::from(std::vector<std::int64_t>{hour}).viewed_as(DType::timedelta64));
  wait.encoding = {{"units", std::string("days")}, {"dtype", std::string("int32")}};
  CHECK(kept(wait).units == "hours");
}

TEST_CASE("encodings that stand are refused where they would lose times") {
  TimeEncodingRules asked{.asked_for = {"time"}};
  CHECK(kept(times_at({0, day}, days("int16")), asked).error == "");
  CHECK(kept(times_at({0, 6 * hour}, days("int16")), asked).error ==
        "cannot write variable 'time': 'days since 1970-01-01' as int16, its encoding, does not hold 1970-01-01T06:00:00; give finer "
        "units, such as 'hours since ...', or another dtype in its encoding");
  TimeEncodingRules there{.in_store = {"time"}};
  CHECK(kept(times_at({0, not_a_time}, days("int32")), there).error ==
        "cannot write variable 'time': 'days since 1970-01-01' as int32, which the store has, does not hold NaT (give a _FillValue); "
        "write a new store, with finer units in encoding=");
}

TEST_CASE("bounds get the finer units of their coordinate, and the coordinate those of its bounds") {
  for (const bool in_bounds : {true, false}) {
    VariableMap variables{{"time", times_at({0, in_bounds ? day : hour}, days("int32"))},
                          {"bnds", times_at({0, in_bounds ? hour : day}, days("int32"))}};
    variables.find("time")->attrs.set("bounds", std::string("bnds"));
    keep_times(variables, {}, evaluated);
    CHECK(*variables.find("time")->encoding.text("units") == "hours since 1970-01-01");
    CHECK(*variables.find("bnds")->encoding.text("units") == "hours since 1970-01-01");
  }
}

TEST_CASE("fill values are stored as they are given or refused") {
  const auto stored = [](double number, FillStorage storage) {
    return error_of([&] { fill_number("v", "_FillValue", NdArray::scalar(number), storage); }) == "";
  };
  struct Range { DType dtype; double low, high; };
  for (const auto& [dtype, low, high] : {Range{DType::int8, -128, 127}, Range{DType::uint8, 0, 255}, Range{DType::int16, -32768, 32767},
                                         Range{DType::uint16, 0, 65535}, Range{DType::int32, -2147483648.0, 2147483647.0},
                                         Range{DType::uint32, 0, 4294967295.0}, Range{DType::int64, -0x1p63, 0x1.fffffffffffffp62},
                                         Range{DType::uint64, 0, 0x1.fffffffffffffp63}}) {
    CAPTURE(name_of(dtype));
    CHECK(stored(low, {dtype}));
    CHECK(stored(high, {dtype}));
    CHECK_FALSE(stored(std::nextafter(high, INFINITY) + 1, {dtype}));
    CHECK_FALSE(stored(low - std::max(1.0, std::fabs(low) / 1e15), {dtype}));
    for (const double number : {0.5, std::nan(""), double{INFINITY}, -double{INFINITY}, 1e20}) CHECK_FALSE(stored(number, {dtype}));
  }
  CHECK(stored(std::nan(""), {DType::float32}));
  CHECK(stored(INFINITY, {DType::float32}));
  CHECK(stored(1e20, {DType::float32}));
  CHECK_FALSE(stored(1e40, {DType::float32}));
  CHECK(stored(65504, {DType::float32, true}));
  CHECK_FALSE(stored(1e6, {DType::float32, true}));
  CHECK(fill_number("v", "_FillValue", NdArray::scalar(255.0), {DType::int8, false, true}).as_int64(0) == -1);
  CHECK_FALSE(stored(256, {DType::int8, false, true}));
}

TEST_CASE("gaps become the exact fill value, and values that are scaled onto it are refused") {
  OutputVariable variable;
  variable.name = "v";
  variable.dtype = DType::int64;
  variable.fill = NdArray::scalar<std::int64_t>(-9223372036854775806);
  const NdArray stored = stored_values(NdArray::from(std::vector<double>{5, std::nan("")}), variable);
  CHECK(stored.data<std::int64_t>()[0] == 5);
  CHECK(stored.data<std::int64_t>()[1] == -9223372036854775806);

  variable.dtype = DType::int16;
  variable.fill = NdArray::scalar<std::int16_t>(0);
  const NdArray zero = NdArray::from(std::vector<float>{0, NAN, 3});
  CHECK(stored_values(zero, variable).data<std::int16_t>()[2] == 3);  // marked as missing by the script itself
  variable.attributes.set("scale_factor", NdArray::scalar(0.5));
  CHECK(error_of([&] { stored_values(zero, variable); }) ==
        "cannot store a value of 'v' as 0, which marks gaps there: it would be read back as missing; choose another _FillValue, "
        "scale_factor or add_offset in its encoding");
  CHECK(error_of([&] { stored_values(NdArray::from(std::vector<float>{NAN, 3}), variable); }) == "");
}

TEST_CASE("numbers for unsigned bits must fit those") {
  OutputVariable variable;
  variable.name = "v";
  variable.dtype = DType::int8;
  variable.attributes.set("_Unsigned", std::string("true"));
  const NdArray stored = stored_values(NdArray::from(std::vector<float>{0, 127, 200, 255}), variable);
  CHECK(stored.dtype() == DType::int8);
  CHECK(stored.data<std::int8_t>()[2] == -56);
  CHECK(stored.data<std::int8_t>()[3] == -1);
  CHECK(error_of([&] { stored_values(NdArray::from(std::vector<float>{300}), variable); }).substr(0, 38) == "cannot store 300 of 'v' as uint8 (0 to");
  CHECK(error_of([&] { stored_values(NdArray::from(std::vector<float>{-1}), variable); }) != "");
}

TEST_CASE("scales that no value comes back from are refused") {
  for (const double scale : {0.0, std::nan(""), static_cast<double>(INFINITY)}) {
    Variable variable = make_variable({"x"}, NdArray::from(std::vector<double>{1, 2}));
    variable.encoding = {{"scale_factor", NdArray::scalar(scale)}};
    CHECK(error_of([&] { encode_cf_variable("v", variable, evaluated); }).find("no value could be read back") != std::string::npos);
  }
}

TEST_CASE("a file's missing_value that its dtype cannot hold goes along as it is") {
  Variable variable = make_variable({"x"}, NdArray::from(std::vector<float>{1, 2}));
  variable.encoding = {{"dtype", std::string("int16")}, {"missing_value", NdArray::scalar<std::int32_t>(99999)}};
  const Variable encoded = encode_cf_variable("v", variable, evaluated, false);
  CHECK(std::get<NdArray>(*encoded.attrs.find("missing_value")).as_int64(0) == 99999);
  CHECK(error_of([&] { encode_cf_variable("v", variable, evaluated, true); }) ==
        "cannot write variable 'v': its missing_value 99999 does not fit int16 (whole numbers from -32768 to 32767); give another "
        "missing_value, or another dtype, in its encoding");
}
