#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include "store/scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store;
using namespace rankine::store_test;
namespace fs = std::filesystem;

namespace {

const std::string script = std::string(RANKINE_SOURCE_DIR) + "/tests/store/check_zarr_with_python.py";

bool python_is_here() {
  if (run_python("-c 'import zarr, xarray' 2>/dev/null")) return true;
  WARN("skipped: /usr/bin/python3 with zarr and xarray is not here");
  return false;
}

}  // namespace

TEST_CASE("stores that zarr-python wrote, of every codec, order and dtype, hold the same values here") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  REQUIRE(run_python(script + " make " + directory.path.string()));
  Reader reader;
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(directory.path)) {
    if (!entry.is_directory()) continue;
    INFO(entry.path().string());
    const auto catalogue = open_catalogue(entry.path().string());
    REQUIRE(catalogue.variables.size() == 1);
    const auto& variable = catalogue.variables[0];
    REQUIRE(variable.note == "");
    const NdArray values = reader.read(*variable.data, Box::whole(variable.data->shape));
    const std::string got(reinterpret_cast<const char*>(values.raw()),
                          static_cast<std::size_t>(values.size()) * size_of(values.dtype()));
    CHECK((got == bytes_of(entry.path().string() + ".raw")));
    ++compared;
  }
  CHECK(compared == 74);
}

TEST_CASE("texts of every kind and groups that zarr-python wrote are read, consolidated or not") {
  if (!python_is_here()) return;
  for (const char* consolidated : {"", " consolidated"}) {
    const ScratchDirectory directory;
    REQUIRE(run_python(script + " make_texts " + directory.path.string() + consolidated));
    const std::string path = (directory.path / "texts").string();
    const auto catalogue = open_catalogue(path);
    const std::vector<std::string> texts{"a", "Z\u00fcrich", "", "\U0001f30d b"};
    int seen = 0;
    for (const auto& variable : catalogue.variables) {
      INFO(variable.name);
      CHECK(variable.strings.strings() == (variable.name == "s" ? std::vector<std::string>{"a", "bcd", "", "e"} : texts));
      ++seen;
    }
    CHECK(seen == 4);
    const auto inner = open_catalogue(path, {"deep/er"});
    REQUIRE(inner.variables.size() == 1);
    CHECK(inner.variables[0].dims == std::vector<std::string>{"y"});
    CHECK(identical(Reader().read(*inner.variables[0].data, {{0}, {4}}), NdArray::from(std::vector<std::int64_t>{0, 1, 2, 3})));
    CHECK(array::identical(*inner.attributes.find("depth"), array::AttributeValue(NdArray::scalar(std::int64_t{2}))));
  }
}

TEST_CASE("NCZarr stores of netcdf-c give its dims and hide its own metadata") {
  const ScratchDirectory directory;
  const std::string cdl = (directory.path / "in.cdl").string();
  std::ofstream(cdl) << "netcdf in { dimensions: time = 2; x = 3; variables: float t(time, x); t:units = \"K\"; int s; "
                        "double time(time); :title = \"nc\"; data: t = 1, 2, 3, 4, 5, 6; s = 7; time = 10, 20; }";
  const std::string path = (directory.path / "out.zarr").string();
  const std::string make = "cd " + directory.path.string() + " && ncgen -4 -o in.nc in.cdl 2>/dev/null && nccopy in.nc 'file://" +
                           path + "#mode=nczarr,file' 2>/dev/null";
  if (std::system(make.c_str()) != 0 || !fs::exists(path)) {
    WARN("skipped: ncgen and nccopy with NCZarr are not here");
    return;
  }
  const auto catalogue = open_catalogue(path);
  CHECK(*catalogue.attributes.text("title") == "nc");
  CHECK(catalogue.attributes.size() == 1);
  for (const auto& variable : catalogue.variables) {
    INFO(variable.name);
    CHECK(variable.note == "");
    if (variable.name == "t") {
      CHECK(variable.dims == std::vector<std::string>{"time", "x"});
      CHECK(*variable.attributes.text("units") == "K");
      CHECK(identical(Reader().read(*variable.data, {{0, 0}, {2, 3}}), NdArray::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3})));
    } else if (variable.name == "s") {
      CHECK(variable.dims.empty());
      CHECK(Reader().read(*variable.data, {{}, {}}).as_int64(0) == 7);
    }
  }
  CHECK(catalogue.variables.size() == 3);
}

TEST_CASE("xarray reads what we write to Zarr: values, dims, attributes, fill, texts") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  array::OutputSpec spec;
  spec.path = (directory.path / "out.zarr").string();
  spec.format = array::OutputFormat::zarr2;
  spec.dims = {{"time", 5, false}, {"x", 7, false}, {"name", 2, false}};
  spec.attributes.set("title", std::string("a test"));
  array::OutputVariable t;
  t.name = "t";
  t.dims = {"time", "x"};
  t.shape = {5, 7};
  t.chunk_shape = {2, 3};
  codec::Codec shuffle;
  shuffle.kind = codec::Kind::shuffle;
  shuffle.element_bytes = 4;
  t.codecs = {shuffle, codec::Codec{}};
  t.fill = NdArray::scalar(std::nanf(""));
  t.attributes.set("units", std::string("K"));
  t.attributes.set("flag", NdArray::scalar(std::int64_t{3}));
  array::OutputVariable names;
  names.name = "name";
  names.dims = {"name"};
  names.dtype = DType::string;
  names.shape = {2};
  names.value = NdArray::from_strings({"Zürich", "a"}, {2});
  spec.variables = {t, names};
  NdArray values(DType::float32, {5, 7});
  for (int i = 0; i < 35; ++i) values.data<float>()[i] = i == 11 ? std::nanf("") : 0.25f * static_cast<float>(i);
  for (const char* compressor : {"", "lz4", "zstd"}) {
    if (*compressor != '\0') {
      codec::Codec blosc;
      blosc.kind = codec::Kind::blosc;
      blosc.level = 5;
      blosc.element_bytes = 4;
      blosc.blosc_compressor = compressor;
      spec.variables[0].codecs = {blosc};
    }
    const OutputTarget target = create_output(spec, "test");
    Writer writer;
    for (const auto& chunk : encode_chunks(target.spec.variables[0], values, Box::whole({5, 7})))
      writer.write_chunk(target, 0, chunk);
    writer.close(target);
    commit_output(target);
    const std::string raw = (directory.path / "t.raw").string();
    std::ofstream(raw, std::ios::binary).write(reinterpret_cast<const char*>(values.raw()), 35 * 4);
    CHECK(run_python(script + " check " + spec.path + " " + raw));
  }
}
