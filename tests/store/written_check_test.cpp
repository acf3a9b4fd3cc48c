#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "store/netcdf_oracle.hpp"
#include "store/written_check.hpp"

using namespace rankine;
using namespace rankine::store_test;
using array::OutputFormat;

namespace {

namespace fs = std::filesystem;

array::OutputVariable variable(const std::string& name, std::vector<std::string> dims, NdArray value) {
  array::OutputVariable result;
  result.name = name;
  result.dims = std::move(dims);
  result.dtype = value.dtype();
  result.shape = value.shape();
  result.value = std::move(value);
  return result;
}

array::OutputSpec spec_at(const std::string& path, OutputFormat format) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = format;
  spec.dims = {{"time", 2, false}};
  auto time = variable("time", {"time"}, NdArray::from(std::vector<std::int32_t>{0, 1}));
  time.attributes = {{"units", std::string("days since 1970-01-01")}};
  const std::vector<std::int64_t> ticks{0, 86'400'000'000'000};
  time.times = array::WrittenTimes{NdArray::from(ticks), calendar::Timeline::datetime64()};
  auto v = variable("v", {"time"}, NdArray::from(std::vector<std::int16_t>{7, 8}));
  v.fill = NdArray::scalar<std::int16_t>(-9);
  for (auto* one : {&time, &v}) one->chunk_shape = {2};
  spec.variables = {time, v};
  return spec;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const OutputError& error) {
    const std::string text = error.what();
    const auto at = text.find("read back, ");
    return at == std::string::npos ? text : text.substr(at + 11, text.find("; the output is discarded") - at - 11);
  }
  return "";
}

void replace_in(const std::string& path, const std::string& what, const std::string& with) {
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  in.close();
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  text.replace(at, what.size(), with);
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("what is written is found again in every format") {
  const ScratchDirectory directory;
  for (const auto format : {OutputFormat::netcdf4, OutputFormat::netcdf4_classic, OutputFormat::netcdf3_64bit, OutputFormat::netcdf3_classic,
                            OutputFormat::netcdf3_64bit_data, OutputFormat::zarr2, OutputFormat::zarr3}) {
    const std::string path = directory.file("out" + std::to_string(static_cast<int>(format)));
    store::commit_output(store::create_output(spec_at(path, format), "a"));
    CHECK(fs::exists(path));
  }
}

TEST_CASE("an output that was tampered with is not committed, and what was there stays") {
  const ScratchDirectory directory;
  for (const auto format : {OutputFormat::netcdf4, OutputFormat::zarr2}) {
    const std::string path = directory.file("out" + std::to_string(static_cast<int>(format)));
    store::commit_output(store::create_output(spec_at(path, format), "a"));
    const auto tampered = [&](const std::function<void(store::OutputTarget&)>& tamper) {
      store::OutputTarget target = store::create_output(spec_at(path, format), "b");
      tamper(target);
      const std::string message = message_of([&] { store::commit_output(target); });
      store::discard_output(target);
      return message;
    };
    CHECK(tampered([](auto& target) { target.spec.variables[1].fill = NdArray::scalar<std::int16_t>(-8); }) ==
          "the _FillValue of variable 'v' is another one");
    CHECK(tampered([](auto& target) { target.spec.variables[1].shape = {3}; }) == "variable 'v' has shape (2,), not (3,)");
    CHECK(tampered([](auto& target) { target.spec.variables[1].dims = {"x"}; }) == "variable 'v' has dims 'time', not 'x'");
    CHECK(tampered([](auto& target) { target.spec.variables[1].dtype = DType::int32; }) == "variable 'v' has dtype int16, not int32");
    CHECK(tampered([](auto& target) { target.spec.variables[1].name = "w"; }) == "variable 'w' is not there");
    CHECK(tampered([](auto& target) { fs::resize_file(fs::is_directory(target.temporary_path) ? target.temporary_path + "/v/.zarray"
                                                                                              : target.temporary_path, 7); }) != "");
    CHECK(message_of([&] { store::commit_output(store::create_output(spec_at(path, format), "c")); }) == "");
  }
}

TEST_CASE("documents of a store that contradict each other are found before the commit") {
  const ScratchDirectory directory;
  const std::string path = directory.file("out.zarr");
  const auto tampered = [&](const std::string& document, const std::string& what, const std::string& with) {
    const store::OutputTarget target = store::create_output(spec_at(path, OutputFormat::zarr2), "a");
    replace_in(target.temporary_path + document, what, with);
    const std::string message = message_of([&] { store::check_written(target); });
    store::discard_output(target);
    return message;
  };
  CHECK(tampered("/v/.zarray", "\"fill_value\": -9", "\"fill_value\": null") == "variable 'v' has lost its _FillValue");
  CHECK(tampered("/v/.zarray", "\"fill_value\": -9", "\"fill_value\": 99999").find("99999") != std::string::npos);
  CHECK(tampered("/v/.zarray", "\"shape\": [\n        2", "\"shape\": [\n        3").find("dim 'time' has") != std::string::npos);
  CHECK(tampered("/v/.zarray", "<i2", "<i4") == "variable 'v' has dtype int32, not int16");
}

TEST_CASE("times that are decoded to others, and numbers that are others, are found when the output is created") {
  const ScratchDirectory directory;
  for (const auto format : {OutputFormat::netcdf4, OutputFormat::netcdf3_64bit, OutputFormat::zarr2, OutputFormat::zarr3}) {
    const std::string path = directory.file("times" + std::to_string(static_cast<int>(format)));
    const auto message = [&](const std::function<void(array::OutputVariable&)>& tamper) {
      array::OutputSpec spec = spec_at(path, format);
      tamper(spec.variables[0]);
      return message_of([&] { store::create_output(spec, "a"); });
    };
    const std::string other = "the times of variable 'time' are not what was written: ";
    CHECK(message([](auto& time) { time.attributes.set("units", std::string("hours since 1970-01-01")); }) ==
          other + "number 1 is 1970-01-01 01:00:00, not 1970-01-02 00:00:00");
    CHECK(message([](auto& time) { time.attributes.set("calendar", std::string("360_day")); time.attributes.set("units", std::string("days since 1970-02-01")); }) ==
          other + "number 0 is 1970-02-01 00:00:00, not 1970-01-01 00:00:00");
    CHECK(message([](auto& time) { time.value = NdArray::from(std::vector<std::int32_t>{0, 0}); }) ==
          other + "number 1 is 1970-01-01 00:00:00, not 1970-01-02 00:00:00");
    CHECK(message([](auto& time) { time.attributes.set("units", std::string("days since never")); }).find(other) == 0);
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("arrays that stay behind in a store that grows are found before it is touched") {
  const ScratchDirectory directory;
  const std::string path = directory.file("grow.zarr");
  store::commit_output(store::create_output(spec_at(path, OutputFormat::zarr2), "a"));
  const array::Catalogue there = store::open_catalogue(path);
  array::OutputSpec spec = spec_at(path, OutputFormat::zarr2);
  spec.mode = array::WriteMode::a;
  const auto grown = [&](array::OutputVariable& out) {
    for (const auto& variable : there.variables) {
      if (variable.name != out.name) continue;
      auto after = std::make_shared<array::StoredArray>(*variable.data);
      after->shape = {4};
      out.existing = after;
      out.origin = {2};
      out.value.reset();
    }
  };
  grown(spec.variables[0]);
  spec.variables.pop_back();
  CHECK(message_of([&] { store::create_output(spec, "b"); }).find("dim 'time' has ") == 0);
  CHECK(store::open_catalogue(path).variables[0].data->shape == Shape{2});
  spec = spec_at(path, OutputFormat::zarr2);
  spec.mode = array::WriteMode::a;
  for (auto& out : spec.variables) grown(out);
  const store::OutputTarget target = store::create_output(spec, "c");
  store::commit_output(target);
  CHECK(store::open_catalogue(path).variables[0].data->shape == Shape{4});
}
