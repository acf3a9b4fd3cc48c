#include <fcntl.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;
using array::OutputFormat;

namespace {

store::OutputTarget target_of(array::OutputSpec spec, const std::string& temporary_path) {
  store::OutputTarget target;
  target.temporary_path = temporary_path;
  target.complete.assign(spec.variables.size(), 0);
  target.offsets.assign(spec.variables.size(), UINT64_MAX);
  target.record_strides.assign(spec.variables.size(), 0);
  target.spec = std::move(spec);
  return target;
}

template <typename T>
NdArray ramp(Shape shape) {
  std::vector<T> values(static_cast<std::size_t>(element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i + 1);
  return NdArray::from(values, std::move(shape));
}

/// What a rank does with a box that covers the whole variable, at its offsets.
void pwrite_whole(const store::OutputTarget& target, std::size_t variable, const NdArray& values) {
  const auto& spec = target.spec.variables[variable];
  const bool swapped = target.spec.format == OutputFormat::netcdf3_64bit || target.spec.format == OutputFormat::netcdf3_classic;
  const std::size_t element = size_of(spec.dtype);
  std::vector<std::byte> bytes(values.raw(), values.raw() + static_cast<std::size_t>(values.size()) * element);
  if (swapped) codec::swap_bytes(bytes, element);
  const int file = ::open(target.temporary_path.c_str(), O_WRONLY);
  const std::uint64_t stride = target.record_strides[variable];
  const std::size_t parts = stride == 0 ? 1 : static_cast<std::size_t>(spec.shape[0]);
  const std::size_t part_bytes = bytes.size() / parts;
  for (std::size_t part = 0; part < parts; ++part) {
    const auto at = static_cast<off_t>(target.offsets[variable] + part * stride);
    REQUIRE(::pwrite(file, bytes.data() + part * part_bytes, part_bytes, at) == static_cast<ssize_t>(part_bytes));
  }
  ::close(file);
}

array::OutputVariable variable(const std::string& name, std::vector<std::string> dims, DType dtype, Shape shape) {
  array::OutputVariable result;
  result.name = name;
  result.dims = std::move(dims);
  result.dtype = dtype;
  result.shape = std::move(shape);
  return result;
}

}  // namespace

TEST_CASE("a created NetCDF-4 file holds what was put into it, by whichever way") {
  const ScratchDirectory directory;
  const std::string path = directory.file("out.nc");
  array::OutputSpec spec;
  spec.path = path;
  spec.dims = {{"time", 5, true}, {"y", 6, false}, {"x", 7, false}};
  spec.attributes = {{"title", std::string("gr\303\274n")}, {"list", std::vector<std::string>{"a", "bc"}},
                     {"numbers", NdArray::from(std::vector<std::uint64_t>{1, UINT64_MAX})}};

  auto time = variable("time", {"time"}, DType::int64, {5});
  time.value = ramp<std::int64_t>({5});
  time.attributes = {{"units", std::string("days since 2000-01-01")}};
  auto names = variable("names", {"y"}, DType::string, {6});
  names.value = NdArray::from_strings({"a", "", "ccc", "d", "e", "\303\244"}, {6});
  auto packed = variable("packed", {"time", "y", "x"}, DType::int16, {5, 6, 7});
  packed.chunk_shape = {2, 6, 4};
  packed.codecs = {{.kind = codec::Kind::shuffle, .element_bytes = 2}, {.kind = codec::Kind::deflate, .level = 4}};
  packed.fill = NdArray::scalar(std::int16_t{-1});
  packed.attributes = {{"scale_factor", NdArray::scalar(0.5f)}, {"valid", NdArray::from(std::vector<std::int16_t>{1, 2})}};
  auto checked = variable("checked", {"y", "x"}, DType::float64, {6, 7});
  checked.chunk_shape = {4, 4};
  checked.codecs = {{.kind = codec::Kind::shuffle, .element_bytes = 8}, {.kind = codec::Kind::deflate, .level = 1},
                    {.kind = codec::Kind::fletcher32}};
  auto plain = variable("plain", {"y", "x"}, DType::float32, {6, 7});
  plain.fill = NdArray::scalar(1e20f);
  auto defaulted = variable("defaulted", {"time"}, DType::float32, {5});
  auto scalar = variable("scalar", {}, DType::int32, {});
  scalar.value = NdArray::scalar(std::int32_t{42});
  auto lazy_scalar = variable("lazy_scalar", {}, DType::float64, {});
  auto named_like_dim = variable("x", {"y"}, DType::uint8, {6});
  spec.variables = {time, names, packed, checked, plain, defaulted, scalar, lazy_scalar, named_like_dim};

  store::OutputTarget target = target_of(spec, directory.file("part"));
  store::create_netcdf(target);
  CHECK(target.complete == std::vector<std::uint8_t>{1, 1, 0, 0, 0, 0, 1, 0, 0});
  for (const std::size_t i : {0, 1, 2, 3, 5, 6}) CHECK(target.offsets[i] == UINT64_MAX);
  for (const std::size_t i : {4, 7, 8}) CHECK(target.offsets[i] != UINT64_MAX);

  const std::vector<NdArray> lazy = {ramp<std::int16_t>({5, 6, 7}), ramp<double>({6, 7}), ramp<float>({5})};
  // In the order of a run: the owner opens the file, other ranks write into it meanwhile.
  store::NetcdfChunkWriter writer(target);
  pwrite_whole(target, 4, ramp<float>({6, 7}));
  std::size_t at = 0;
  for (const std::size_t i : {2, 3, 5}) {
    const auto& stored = target.spec.variables[i];
    for (const auto& chunk : store::encode_chunks(stored, lazy[at], Box::whole(stored.shape)))
      writer.write_chunk(i, chunk.chunk, chunk.bytes);
    ++at;
  }
  pwrite_whole(target, 7, NdArray::scalar(2.5));
  pwrite_whole(target, 8, ramp<std::uint8_t>({6}));
  writer.close();

  const array::Catalogue catalogue = store::open_hdf5(target.temporary_path);
  REQUIRE(catalogue.dims.size() == 3);
  CHECK(catalogue.dims[0].unlimited);
  CHECK(catalogue.dims[0].size == 5);
  CHECK(identical(catalogue.attributes, spec.attributes));
  const std::vector<std::pair<std::string, NdArray>> expected = {
      {"time", *time.value}, {"packed", lazy[0]}, {"checked", lazy[1]}, {"plain", ramp<float>({6, 7})},
      {"defaulted", lazy[2]}, {"scalar", *scalar.value}, {"lazy_scalar", NdArray::scalar(2.5)},
      {"x", ramp<std::uint8_t>({6})}};
  for (const auto& [name, values] : expected) {
    INFO(name);
    array::StoredArray stored = *variable_of(catalogue, name).data;
    CHECK(same_bytes(read_by_libnetcdf(target.temporary_path, stored), values));
    CHECK(same_bytes(read_by_us(stored), values));
  }
  CHECK(variable_of(catalogue, "names").strings.strings() == names.value->strings());
  CHECK(identical(variable_of(catalogue, "packed").attributes,
                  {{"_FillValue", NdArray::scalar(std::int16_t{-1})},
                   {"scale_factor", NdArray::scalar(0.5f)},
                   {"valid", NdArray::from(std::vector<std::int16_t>{1, 2})}}));
  CHECK(identical(variable_of(catalogue, "plain").attributes, {{"_FillValue", NdArray::scalar(1e20f)}}));
  CHECK(identical(std::get<NdArray>(*variable_of(catalogue, "packed").encoding.find("chunksizes")),
                  NdArray::from(std::vector<std::int64_t>{2, 6, 4})));
  CHECK(codec::describe(variable_of(catalogue, "packed").data->codecs) == "shuffle, deflate 4");
}

TEST_CASE("a chunk that is written twice keeps its second values") {
  const ScratchDirectory directory;
  array::OutputSpec spec;
  spec.path = directory.file("out.nc");
  spec.dims = {{"x", 4, false}};
  auto v = variable("v", {"x"}, DType::int32, {4});
  v.chunk_shape = {4};
  v.codecs = {{.kind = codec::Kind::deflate, .level = 1}};
  spec.variables = {v};
  store::OutputTarget target = target_of(spec, directory.file("part"));
  store::create_netcdf(target);
  store::NetcdfChunkWriter writer(target);
  for (const NdArray& values : {NdArray::from(std::vector<std::int32_t>{9, 9, 9, 9}), ramp<std::int32_t>({4})}) {
    const auto chunks = store::encode_chunks(target.spec.variables[0], values, Box{{0}, {4}});
    REQUIRE(chunks.size() == 1);
    writer.write_chunk(0, {0}, chunks[0].bytes);
  }
  writer.close();
  array::StoredArray stored = *variable_of(store::open_hdf5(target.temporary_path), "v").data;
  CHECK(same_bytes(read_by_us(stored), ramp<std::int32_t>({4})));
}

TEST_CASE("a created NetCDF-3 file is written at known offsets by any rank") {
  const ScratchDirectory directory;
  const auto format = GENERATE(OutputFormat::netcdf3_classic, OutputFormat::netcdf3_64bit);
  const bool several_records = GENERATE(false, true);
  array::OutputSpec spec;
  spec.path = directory.file("out.nc");
  spec.format = format;
  spec.dims = {{"time", 5, true}, {"y", 3, false}};
  spec.attributes = {{"small", NdArray::scalar(std::int64_t{7})}};
  auto odd = variable("odd", {"time", "y"}, DType::int16, {5, 3});
  odd.fill = NdArray::scalar(std::int16_t{-5});
  auto time = variable("time", {"time"}, DType::float64, {5});
  time.value = ramp<double>({5});
  auto fixed = variable("fixed", {"y"}, DType::float32, {3});
  auto names = variable("names", {"y"}, DType::string, {3});
  names.value = NdArray::from_strings({"a", "", "ccc"}, {3});
  spec.variables = {fixed, names, odd};
  if (several_records) spec.variables.push_back(time);
  store::OutputTarget target = target_of(spec, directory.file("part"));
  store::create_netcdf(target);
  CHECK(target.record_strides[2] == (several_records ? 16 : 6));
  CHECK(target.record_strides[0] == 0);
  pwrite_whole(target, 0, ramp<float>({3}));
  pwrite_whole(target, 2, ramp<std::int16_t>({5, 3}));

  const array::Catalogue catalogue = store::open_netcdf3(target.temporary_path);
  CHECK(catalogue.dims[0].size == 5);
  CHECK(identical(catalogue.attributes, {{"small", NdArray::scalar(std::int32_t{7})}}));
  CHECK(identical(variable_of(catalogue, "odd").attributes, {{"_FillValue", NdArray::scalar(std::int16_t{-5})}}));
  CHECK(variable_of(catalogue, "names").strings.strings() == names.value->strings());
  std::vector<std::pair<std::string, NdArray>> expected = {{"fixed", ramp<float>({3})}, {"odd", ramp<std::int16_t>({5, 3})}};
  if (several_records) expected.emplace_back("time", *time.value);
  for (const auto& [name, values] : expected) {
    INFO(name);
    array::StoredArray stored = *variable_of(catalogue, name).data;
    CHECK(same_bytes(read_by_libnetcdf(target.temporary_path, stored), values));
    CHECK(same_bytes(read_by_us(stored), values));
  }
}

TEST_CASE("the classic model refuses what it cannot hold") {
  const ScratchDirectory directory;
  array::OutputSpec spec;
  spec.path = directory.file("out.nc");
  spec.format = OutputFormat::netcdf3_64bit;
  spec.dims = {{"x", 2, false}};
  spec.variables = {variable("v", {"x"}, DType::int64, {2})};
  store::OutputTarget target = target_of(spec, directory.file("part"));
  CHECK_THROWS_WITH(store::create_netcdf(target),
                    "cannot write variable 'v' to " + spec.path +
                        ": this format has no int64; use format NETCDF4 or convert it with astype");
  spec.variables.clear();
  spec.attributes = {{"big", NdArray::scalar(std::int64_t{1} << 40)}};
  target = target_of(spec, directory.file("part"));
  CHECK_THROWS_AS(store::create_netcdf(target), OutputError);
}

TEST_CASE("a place that cannot be written is an output error naming the output") {
  array::OutputSpec spec;
  spec.path = "/nowhere/at/all/out.nc";
  store::OutputTarget target = target_of(spec, "/nowhere/at/all/part");
  CHECK_THROWS_WITH(store::create_netcdf(target), "cannot create /nowhere/at/all/out.nc: No such file or directory; check "
                                                  "that its directory exists and may be written");
}
