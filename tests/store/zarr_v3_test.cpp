#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "array/cf_encode_zarr.hpp"
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

const std::string writer_script = std::string(RANKINE_SOURCE_DIR) + "/tests/store/zarr_v3_writer.py";

bool python_is_here() {
  if (run_python("-c 'import numcodecs, numpy' 2>/dev/null")) return true;
  WARN("skipped: /usr/bin/python3 with numcodecs is not here");
  return false;
}

void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string bytes_of(const NdArray& values) {
  return {reinterpret_cast<const char*>(values.raw()), static_cast<std::size_t>(values.size()) * size_of(values.dtype())};
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

codec::Codec step(codec::Kind kind, int level = 1) {
  codec::Codec codec;
  codec.kind = kind;
  codec.level = level;
  codec.element_bytes = 4;
  return codec;
}

array::OutputSpec sharded_store(const std::string& path) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = array::OutputFormat::zarr3;
  spec.dims = {{"time", 11, false}, {"x", 7, false}, {"name", 2, false}};
  spec.attributes.set("title", std::string("a test"));
  array::OutputVariable t;
  t.name = "t";
  t.dims = {"time", "x"};
  t.shape = {11, 7};
  t.chunk_shape = {4, 6};
  t.inner_chunk_shape = {2, 3};
  t.codecs = {step(codec::Kind::zstd)};
  t.fill = NdArray::scalar(std::nanf(""));
  t.attributes.set("units", std::string("K"));
  array::OutputVariable names;
  names.name = "name";
  names.dims = {"name"};
  names.dtype = DType::string;
  names.shape = {2};
  names.value = NdArray::from_strings({"Zürich", "a"}, {2});
  spec.variables = {t, names};
  return spec;
}

void write_all(const array::OutputSpec& spec, const NdArray& values) {
  const OutputTarget target = create_output(spec, "test");
  Writer writer;
  const auto& variable = target.spec.variables[0];
  for (const auto& chunk : encode_chunks(variable, values, Box::whole(variable.shape))) writer.write_chunk(target, 0, chunk);
  writer.close(target);
  commit_output(target);
}

const array::StoredVariable& variable(const array::Catalogue& catalogue, const std::string& name) {
  for (const auto& v : catalogue.variables)
    if (v.name == name) return v;
  FAIL("no variable " + name);
  throw 0;
}

}  // namespace

TEST_CASE("v3 stores and zip files of an independent writer hold the same values here") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  REQUIRE(run_python(writer_script + " make " + directory.path.string()));
  int compared = 0;
  Prng random(5);
  for (const auto& entry : fs::directory_iterator(directory.path)) {
    if (entry.path().extension() == ".raw") continue;
    INFO(entry.path().string());
    for (const bool consolidated : {true, false}) {
      const auto catalogue = open_catalogue(entry.path().string(), {"", consolidated});
      CHECK(catalogue.format == "Zarr v3");
      CHECK(catalogue.attributes.text("title") != nullptr);
      REQUIRE(catalogue.variables.size() == 1);
      const auto& v = catalogue.variables[0];
      REQUIRE(v.note == "");
      Reader reader;
      const NdArray values = reader.read(*v.data, Box::whole(v.data->shape));
      REQUIRE((bytes_of(values) == bytes_of(entry.path().string() + ".raw")));
      for (int round = 0; round < 10 && values.size() > 1; ++round) {
        Box box = Box::whole(values.shape());
        for (int axis = 0; axis < box.ndim(); ++axis) {
          const auto extent = static_cast<std::uint64_t>(box.end[axis]);
          box.begin[axis] = static_cast<std::int64_t>(random.below(extent));
          box.end[axis] = box.begin[axis] + 1 + static_cast<std::int64_t>(random.below(extent - static_cast<std::uint64_t>(box.begin[axis])));
        }
        INFO(format_box(box));
        CHECK((bytes_of(reader.read(*v.data, box)) == bytes_of(part_of(values, box))));
      }
    }
    ++compared;
  }
  CHECK(compared == 60);
}

TEST_CASE("real Zarr v3 arrays of every compressor hold the numbers 0 to 99") {
  const std::string folder = std::string(RANKINE_SHARED_DATA) + "/formats/zarr_v3/array_";
  if (!fs::exists(folder + "none.zarr")) {
    WARN("skipped: " + folder + "none.zarr is not here");
    return;
  }
  for (const char* name : {"none", "gzip", "zstd", "blosc"}) {
    const auto catalogue = open_catalogue(folder + name + ".zarr");
    const auto& data = *catalogue.variables.at(0).data;
    REQUIRE(data.shape == Shape{10, 10});
    const NdArray values = Reader().read(data, Box::whole(data.shape));
    for (std::int64_t i = 0; i < 100; ++i) REQUIRE(values.as_double(i) == static_cast<double>(i));
  }
}

TEST_CASE("of a shard only its index and the chunks that a box touches are read") {
  const ScratchDirectory directory;
  auto spec = sharded_store(directory / "out.zarr");
  spec.variables[0].shape = {400, 600};
  spec.variables[0].chunk_shape = {400, 600};
  spec.variables[0].inner_chunk_shape = {100, 100};
  spec.variables[0].codecs = {};
  const NdArray values = ramp({400, 600});
  write_all(spec, values);
  const auto catalogue = open_catalogue(spec.path);
  Reader reader;
  const Box box{{210, 310}, {220, 320}};
  CHECK(identical(reader.read(*variable(catalogue, "t").data, box), part_of(values, box)));
  CHECK(reader.counters().stored_bytes == 100 * 100 * 4);
  CHECK(reader.counters().decoded_bytes == 100 * 100 * 4);
}

TEST_CASE("a sharded v3 store that was written is read back by us and by an independent reader") {
  const ScratchDirectory directory;
  const NdArray values = ramp({11, 7});
  auto spec = sharded_store(directory / "out.zarr");
  std::ofstream(directory / "t.raw", std::ios::binary) << bytes_of(values);
  const std::vector<std::pair<codec::Pipeline, Shape>> layouts = {
      {{step(codec::Kind::zstd)}, {2, 3}},
      {{step(codec::Kind::gzip, 5), step(codec::Kind::crc32c)}, {4, 6}},
      {{step(codec::Kind::blosc)}, {1, 1}},
      {{}, {}}};
  for (const auto& [codecs, inner] : layouts) {
    spec.variables[0].codecs = codecs;
    spec.variables[0].inner_chunk_shape = inner;
    write_all(spec, values);
    const auto catalogue = open_catalogue(spec.path);
    CHECK(catalogue.format == "Zarr v3");
    CHECK(array::identical(catalogue.attributes, spec.attributes));
    const auto& t = variable(catalogue, "t");
    CHECK(t.dims == std::vector<std::string>{"time", "x"});
    REQUIRE(t.attributes.find("_FillValue") != nullptr);
    CHECK(array::identical(*t.attributes.find("_FillValue"), *spec.variables[0].fill));
    CHECK(variable(catalogue, "name").strings.strings() == std::vector<std::string>{"Zürich", "a"});
    CHECK(identical(Reader().read(*t.data, Box::whole({11, 7})), values));
    if (python_is_here()) CHECK(run_python(writer_script + " read " + spec.path + " t " + directory / "t.raw"));
  }
}

TEST_CASE("shards grow by whole chunks from the last axis to about 128 MB") {
  using array::shard_shape;
  CHECK(shard_shape({100, 721, 1440}, {1, 721, 1440}, 4, 128u << 20) == Shape{32, 721, 1440});
  CHECK(shard_shape({100000, 10, 10}, {1, 5, 5}, 8, 128u << 20) == Shape{100000, 10, 10});
  CHECK(shard_shape({11}, {4}, 4, 128u << 20) == Shape{12});
  CHECK(shard_shape({1 << 20, 1 << 20}, {4096, 4096}, 4, 128u << 20) == Shape{4096, 8192});
  CHECK(shard_shape({}, {}, 4, 128u << 20) == Shape{});

  const auto stored = [](Shape shape, Shape chunks, array::OutputFormat format, array::Attributes encoding) {
    array::OutputVariable out;
    out.name = "t";
    out.shape = std::move(shape);
    array::Variable variable = array::make_variable({"y", "x"},
                                                    array::broadcast(array::constant(NdArray::zeros(DType::float32, Shape(out.shape.size(), 1))), out.shape));
    variable.encoding = std::move(encoding);
    array::choose_zarr_storage(out, variable, format, chunks, true);
    return std::pair(out.chunk_shape, out.inner_chunk_shape);
  };
  using Stored = std::pair<Shape, Shape>;
  const auto v3 = array::OutputFormat::zarr3;
  CHECK(stored({10001, 10}, {1, 10}, v3, {}) == Stored({10001, 10}, {1, 10}));
  CHECK(stored({10000, 10}, {1, 10}, v3, {}) == Stored({1, 10}, {}));
  CHECK(stored({10001, 10}, {1, 10}, array::OutputFormat::zarr2, {}) == Stored({1, 10}, {}));
  CHECK(stored({100, 10}, {1, 10}, v3, {{"shards", NdArray::from(std::vector<std::int64_t>{20, 10})}}) == Stored({20, 10}, {1, 10}));
  CHECK_THROWS_AS(stored({100, 10}, {3, 10}, v3, {{"shards", NdArray::from(std::vector<std::int64_t>{20, 10})}}), UsageError);
}

TEST_CASE("damaged shards, indexes and archives are errors that name the chunk") {
  const ScratchDirectory directory;
  auto spec = sharded_store(directory / "out.zarr");
  write_all(spec, ramp({11, 7}));
  const std::string shard = spec.path + "/t/c/0/0";
  const std::string sound = bytes_of(fs::path(shard));
  const auto read = [&] {
    const auto catalogue = open_catalogue(spec.path);
    const auto& data = *variable(catalogue, "t").data;
    return Reader().read(data, {{2, 3}, {4, 6}});
  };
  const std::string chunk = "cannot read chunk (1, 1) of t in " + spec.path + "/t: ";
  put(shard, sound.substr(0, 20));
  CHECK(error_of(read) == chunk + "its shard has 20 bytes, too few for an index of 4 chunks: it is truncated or damaged");
  std::string text = sound;
  text[text.size() - 1] ^= 1;
  put(shard, text);
  CHECK(error_of(read) == chunk + "the index of its shard is damaged: crc32c checksum mismatch");
  text = sound;
  text[0] ^= 1;
  put(shard, text);  // another chunk: not ours to complain about
  CHECK(error_of(read) == "");
  Prng random(9);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    text = sound;
    text[random.below(text.size())] = static_cast<char>(random.below(256));
    text.resize(1 + random.below(text.size()));
    put(shard, text);
    refused += error_of(read) != "";
  }
  CHECK(refused > 250);
}

TEST_CASE("metadata that lies about sizes is refused before memory is asked for") {
  const ScratchDirectory directory;
  const std::string path = directory / "a.zarr";
  const std::string codecs = R"("codecs":[{"name":"bytes","configuration":{"endian":"little"}},{"name":"zstd","configuration":{"level":1,"checksum":false}}])";
  const auto document = [&](const std::string& shape, const std::string& chunks, const std::string& fill, const std::string& pipeline) {
    return R"({"zarr_format":3,"node_type":"array","shape":)" + shape + R"(,"data_type":"float32","chunk_grid":{"name":"regular","configuration":{"chunk_shape":)" +
           chunks + R"(}},"chunk_key_encoding":{"name":"default"},"fill_value":)" + fill + "," + pipeline + R"(,"attributes":{}})";
  };
  const std::string what = "cannot read " + path + "/zarr.json: ";
  const std::pair<std::string, std::string> cases[] = {
      {document("[-1]", "[1]", "0", codecs), "'shape' holds -1, which is no extent"},
      {document("[18446744073709551615]", "[1]", "0", codecs), "'shape' holds 18446744073709551615, which is no extent"},
      {document("[4,4]", "[1]", "0", codecs), "shape and chunks differ in their number of dims"},
      {document("[4]", "[0]", "0", codecs), "a chunk has extent 0"},
      {document("[4]", "[4611686018427387904]", "0", codecs), "its shape or chunks are too large"},
      {document("[4]", "[2]", "\"0x12\"", codecs), "fill_value \"0x12\" does not fit the dtype"},
      {document("[4]", "[2]", "0", R"("codecs":[])"), "it has no codec that makes bytes of arrays"},
      {document("[4]", "[2]", "0", R"("codecs":[{"name":"transpose","configuration":{"order":[1]}},{"name":"bytes"}])"),
       "transpose order [1] is no order of its axes"},
      {document("[4]", "[4]", "0", R"("codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[3],"codecs":[{"name":"bytes"}],"index_codecs":[]}}])"),
       "shards of (4,) are not made of chunks of (3,)"},
      {"[1", ""},
      {std::string(100000, '['), ""},
  };
  for (const auto& [text, problem] : cases) {
    put(path + "/zarr.json", text);
    const std::string error = error_of([&] { open_catalogue(path); });
    INFO(text.substr(0, 200));
    CHECK(error.starts_with(what));
    if (!problem.empty()) CHECK(error == what + problem);
  }
  put(path + "/zarr.json", document("[1099511627776]", "[1099511627776]", "0", codecs));
  put(path + "/c/0", "abcdefgh");
  const auto catalogue = open_catalogue(path);
  CHECK(error_of([&] { Reader().read(*catalogue.variables.at(0).data, {{5}, {6}}); }) ==
        "cannot read chunk (0,) of a in " + path + ": its 8 stored bytes cannot decode to the 4398046511104 bytes of a chunk");
  put(path + "/zarr.json", document("[4]", "[2]", "0", R"("codecs":[{"name":"bytes"},{"name":"lz5"}])"));
  CHECK(open_catalogue(path).variables.at(0).note == "codec 'lz5' is not supported");
}

TEST_CASE("random damage to a zip file never does worse than an error") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  REQUIRE(run_python(writer_script + " make " + directory.path.string()));
  const std::string path = directory / "damaged.zip";
  Prng random(11);
  int refused = 0;
  for (const char* name : {"zstd-deflated.zip", "shard-end-stored.zip"}) {
    const std::string sound = bytes_of(fs::path(directory / name));
    for (int round = 0; round < 300; ++round) {
      std::string text = sound;
      // Half of the damage hits the directory at the end.
      const std::size_t from = round % 2 == 0 ? 0 : text.size() - std::min<std::size_t>(text.size(), 900);
      for (int k = 0; k < 3; ++k) text[from + random.below(text.size() - from)] = static_cast<char>(random.below(256));
      if (round % 10 == 9) text.resize(random.below(text.size()));
      put(path, text);
      const std::string error = error_of([&] {
        const auto catalogue = open_catalogue(path);
        for (const auto& v : catalogue.variables)
          if (v.data) Reader().read(*v.data, Box::whole(v.data->shape));
      });
      refused += error != "";
    }
  }
  CHECK(refused > 300);
}

TEST_CASE("a part of an existing sharded array replaces whole objects and grows with the commit") {
  const ScratchDirectory directory;
  auto spec = sharded_store(directory / "out.zarr");
  const NdArray values = ramp({11, 7});
  write_all(spec, values);
  const auto before = open_catalogue(spec.path);
  const auto& old = *variable(before, "t").data;
  auto after = std::make_shared<array::StoredArray>(old);
  after->shape = {14, 7};
  auto part = spec;
  part.mode = array::WriteMode::a;
  part.variables.resize(1);
  part.variables[0].existing = after;
  part.variables[0].origin = {8, 0};
  part.variables[0].shape = {6, 7};
  NdArray rows = ramp({6, 7});
  const OutputTarget target = create_output(part, "test");
  Writer writer;
  for (const auto& chunk : encode_chunks(target.spec.variables[0], rows, Box::whole({6, 7}))) writer.write_chunk(target, 0, chunk);
  CHECK(variable(open_catalogue(spec.path), "t").data->shape == Shape{11, 7});
  writer.close(target);
  commit_output(target);
  const auto grown = open_catalogue(spec.path);
  const auto& t = *variable(grown, "t").data;
  REQUIRE(t.shape == Shape{14, 7});
  CHECK(identical(Reader().read(t, {{0, 0}, {8, 7}}), part_of(values, {{0, 0}, {8, 7}})));
  CHECK(identical(Reader().read(t, {{8, 0}, {14, 7}}), rows));
  CHECK(variable(open_catalogue(spec.path, {"", false}), "t").data->shape == Shape{14, 7});
  CHECK(std::distance(fs::directory_iterator(directory.path), fs::directory_iterator()) == 1);
}

TEST_CASE("groups are written beside others and found by name") {
  const ScratchDirectory directory;
  for (const auto format : {array::OutputFormat::zarr2, array::OutputFormat::zarr3}) {
    auto spec = sharded_store(directory / (format == array::OutputFormat::zarr2 ? "v2.zarr" : "v3.zarr"));
    spec.format = format;
    if (format == array::OutputFormat::zarr2) spec.variables[0].inner_chunk_shape.clear();
    write_all(spec, ramp({11, 7}));
    spec.group = "deep/er";
    spec.attributes.set("title", std::string("inner"));
    NdArray other = ramp({11, 7});
    other.data<float>()[0] = 99;
    write_all(spec, other);
    for (const bool consolidated : {true, false}) {
      const auto outer = open_catalogue(spec.path, {"", consolidated});
      CHECK(*outer.attributes.text("title") == "a test");
      CHECK(outer.variables.size() == 2);
      CHECK(outer.groups == std::vector<std::string>{"deep", "deep/er"});
      const auto inner = open_catalogue(spec.path, {"/deep/er/", consolidated});
      CHECK(*inner.attributes.text("title") == "inner");
      CHECK(identical(Reader().read(*variable(inner, "t").data, Box::whole({11, 7})), other));
      CHECK(open_catalogue(spec.path, {"deep", consolidated}).variables.empty());
      CHECK(error_of([&] { open_catalogue(spec.path, {"dep", consolidated}); }) ==
            "cannot open " + spec.path + ": it has no group 'dep'");
    }
  }
  CHECK(std::distance(fs::directory_iterator(directory.path), fs::directory_iterator()) == 2);
}
