#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "base/error.hpp"
#include "base/prng.hpp"
#include "grid/strided_view.hpp"
#include "store/scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store;
using namespace rankine::store_test;
namespace fs = std::filesystem;

namespace {

codec::Codec blosc() {
  codec::Codec codec;
  codec.kind = codec::Kind::blosc;
  codec.level = 5;
  codec.element_bytes = 4;
  codec.blosc_compressor = "lz4";
  return codec;
}

array::OutputSpec small_store(const std::string& path) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = array::OutputFormat::zarr2;
  spec.dims = {{"time", 5, false}, {"x", 7, false}, {"name", 2, false}};
  spec.attributes.set("title", std::string("a test"));
  array::OutputVariable t;
  t.name = "t";
  t.dims = {"time", "x"};
  t.dtype = DType::float32;
  t.shape = {5, 7};
  t.chunk_shape = {2, 3};
  t.codecs = {blosc()};
  t.fill = NdArray::scalar(std::nanf(""));
  t.attributes.set("units", std::string("K"));
  t.attributes.set("valid_range", NdArray::from(std::vector<double>{1.5, INFINITY}));
  t.attributes.set("flag", NdArray::scalar(std::int64_t{3}));
  spec.variables.push_back(t);
  array::OutputVariable names;
  names.name = "name";
  names.dims = {"name"};
  names.dtype = DType::string;
  names.shape = {2};
  names.value = NdArray::from_strings({"Zürich", "a"}, {2});
  spec.variables.push_back(names);
  return spec;
}

void write_all(const array::OutputSpec& spec, const NdArray& values) {
  const OutputTarget target = create_output(spec, "test");
  Writer writer;
  for (std::int64_t row : {0, 2, 4}) {
    const Box box{{row, 0}, {std::min<std::int64_t>(row + 2, 5), 7}};
    for (const auto& chunk : encode_chunks(target.spec.variables[0], part_of(values, box), box))
      writer.write_chunk(target, 0, chunk);
  }
  writer.close(target);
  commit_output(target);
}

const array::StoredVariable& variable(const array::Catalogue& catalogue, const std::string& name) {
  for (const auto& v : catalogue.variables)
    if (v.name == name) return v;
  FAIL("no variable " + name);
  throw 0;
}

template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("a Zarr store that was written is read back whole and in any box") {
  const ScratchDirectory directory;
  const std::string path = directory / "out.zarr";
  const NdArray values = ramp({5, 7});
  for (const bool consolidated : {true, false}) {
    auto spec = small_store(path);
    spec.consolidated = consolidated;
    write_all(spec, values);
    const auto catalogue = open_catalogue(path);
    CHECK(catalogue.format == "Zarr v2");
    CHECK(array::identical(catalogue.attributes, spec.attributes));
    REQUIRE(catalogue.variables.size() == 2);
    const auto& t = variable(catalogue, "t");
    CHECK(t.dims == std::vector<std::string>{"time", "x"});
    auto wanted = spec.variables[0].attributes;
    wanted.set("_FillValue", *spec.variables[0].fill);
    CHECK(array::identical(t.attributes, wanted));
    CHECK(variable(catalogue, "name").strings.strings() == std::vector<std::string>{"Zürich", "a"});
    Reader reader;
    for (std::int64_t a = 0; a < 5; ++a)
      for (std::int64_t b = a; b <= 5; ++b)
        for (std::int64_t c = 0; c < 7; c += 2)
          for (std::int64_t d = c; d <= 7; ++d) {
            const Box box{{a, c}, {b, d}};
            INFO(format_box(box));
            CHECK(identical(reader.read(*t.data, box), part_of(values, box)));
          }
  }
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(directory.path)) left.push_back(entry.path().filename().string());
  CHECK(left == std::vector<std::string>{"out.zarr"});
  CHECK_FALSE(fs::exists(path + "/.unfinished"));
}

TEST_CASE("neighbouring boxes decode a shared chunk once") {
  const ScratchDirectory directory;
  const std::string path = directory / "out.zarr";
  auto spec = small_store(path);
  spec.variables[0].chunk_shape = {5, 7};
  const NdArray values = ramp({5, 7});
  const OutputTarget target = create_output(spec, "test");
  Writer writer;
  for (const auto& chunk : encode_chunks(target.spec.variables[0], values, Box::whole({5, 7})))
    writer.write_chunk(target, 0, chunk);
  writer.close(target);
  commit_output(target);
  const auto catalogue = open_catalogue(path);
  Reader reader;
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&, i] { reader.read(*variable(catalogue, "t").data, {{i, 0}, {i + 1, 7}}); });
  for (auto& thread : threads) thread.join();
  CHECK(reader.counters().decoded_bytes == 5 * 7 * 4);
}

TEST_CASE("a chunk that was never written is fill, and a damaged one is an error that names it") {
  const ScratchDirectory directory;
  const std::string path = directory / "out.zarr";
  write_all(small_store(path), ramp({5, 7}));
  const auto catalogue = open_catalogue(path);
  const auto& stored = *variable(catalogue, "t").data;
  Reader reader;
  fs::remove(path + "/t/0.0");
  const NdArray values = reader.read(stored, {{0, 0}, {2, 4}});
  CHECK(std::isnan(values.data<float>()[0]));
  CHECK(values.data<float>()[3] == ramp({5, 7}).data<float>()[3]);
  put(path + "/t/2.1", "xyz");
  CHECK(error_of([&] { reader.read(stored, {{4, 0}, {5, 7}}); }) ==
        "cannot read chunk (2, 1) of t in " + path + "/t: blosc header is damaged");
  put(path + "/t/2.1", "");
  CHECK(error_of([&] { reader.read(stored, {{4, 3}, {5, 4}}); }) ==
        "cannot read chunk (2, 1) of t in " + path + "/t: blosc header is damaged");
  fs::remove_all(path);
  CHECK(error_of([&] { reader.read(stored, {{0, 0}, {1, 1}}); }) ==
        "cannot read chunk (0, 0) of t in " + path + "/t: the array is not there any more");
}

TEST_CASE("an output is not created where the mode or other data forbid it") {
  const ScratchDirectory directory;
  auto spec = small_store(directory / "out.zarr");
  write_all(spec, ramp({5, 7}));
  spec.mode = array::WriteMode::w_minus;
  CHECK(error_of([&] { create_output(spec, "x"); }) ==
        "cannot create " + spec.path + ": it exists and the mode is 'w-'; remove it or use mode 'w'");
  spec = small_store(directory / "precious");
  put(spec.path + "/thesis.txt", "text");
  CHECK(error_of([&] { create_output(spec, "x"); }) ==
        "cannot create " + spec.path + ": the directory of that name holds something else than a Zarr store");
  spec = small_store(directory / "missing/out.zarr");
  CHECK_THAT(error_of([&] { create_output(spec, "x"); }), Catch::EndsWith("make it first"));
  spec = small_store(directory / "new.zarr");
  discard_output(create_output(spec, "x"));
  CHECK_FALSE(fs::exists(spec.path));
  CHECK(std::distance(fs::directory_iterator(directory.path), fs::directory_iterator()) == 2);
}

TEST_CASE("a damaged .zarray is an error naming the file and the problem") {
  const ScratchDirectory directory;
  const std::string path = directory / "a.zarr";
  const std::string rest = R"("chunks":[2],"compressor":null,"dtype":"<i2","fill_value":7,"filters":null,"order":"C","zarr_format":2})";
  const std::pair<std::string, std::string> cases[] = {
      {R"({"shape":[-3],)" + rest, "'shape' holds -3, which is no extent"},
      {R"({"shape":[3,3],)" + rest, "shape and chunks differ in their number of dims"},
      {R"({"shape":[9223372036854775807],)" + rest, "its shape or chunks are too large"},
      {"{" + rest, "'shape' is missing"},
      {"[]", "it holds no object"},
  };
  for (const auto& [text, problem] : cases) {
    put(path + "/.zarray", text);
    CHECK(error_of([&] { open_catalogue(path); }) == "cannot read " + path + "/.zarray: " + problem);
  }
  put(path + "/.zarray", R"({"shape":[3],)" + rest);
  put(path + "/0", std::string("\x01\x00\x02\x00", 4));
  const auto catalogue = open_catalogue(path);
  CHECK(identical(Reader().read(*catalogue.variables.at(0).data, {{0}, {3}}),
                  NdArray::from(std::vector<std::int16_t>{1, 2, 7})));
}

TEST_CASE("random damage to metadata never does worse than an error") {
  const ScratchDirectory directory;
  const std::string path = directory / "a.zarr";
  const std::string good =
      R"({"chunks":[2,2],"compressor":{"id":"zlib","level":1},"dtype":"<f4","fill_value":NaN,"filters":[{"id":"shuffle","elementsize":4}],"order":"F","shape":[3,3],"zarr_format":2})";
  Prng random(3);
  int sound = 0;
  for (int round = 0; round < 500; ++round) {
    std::string text = good;
    if (round > 0) text[random.below(text.size())] = static_cast<char>(32 + random.below(95));
    put(path + "/.zarray", text);
    try {
      open_catalogue(path);
      ++sound;
    } catch (const InputError&) {
    }
  }
  CHECK(sound >= 1);
  CHECK(sound < 500);
}

TEST_CASE("real Zarr v2 arrays of every compressor hold the same image") {
  const std::string folder = std::string(RANKINE_SHARED_DATA) + "/formats/";
  if (!fs::exists(folder + "zarr_v2")) {
    WARN("skipped: " + folder + "zarr_v2 is not here");
    return;
  }
  Reader reader;
  const auto read_whole = [&](const std::string& path) {
    const auto catalogue = open_catalogue(path);
    const auto& data = *catalogue.variables.at(0).data;
    return reader.read(data, Box::whole(data.shape));
  };
  const NdArray raw = read_whole(folder + "zarr_v2/raw");
  CHECK(raw.shape() == Shape{512, 512, 3});
  for (const char* name : {"blosc", "gzip", "zlib"}) CHECK(identical(read_whole(folder + "zarr_v2/" + name), raw));
  const NdArray small = read_whole(folder + "zarr_v2_small/array_none_C.zarr");
  for (const char* name : {"none_F", "gzip_C", "zstd_C", "blosc_C", "blosc_F"}) {
    INFO(name);
    CHECK(identical(read_whole(folder + "zarr_v2_small/array_" + name + ".zarr"), small));
  }
}
