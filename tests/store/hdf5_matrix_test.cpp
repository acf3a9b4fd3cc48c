#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "base/prng.hpp"
#include "store/netcdf_oracle.hpp"
#include "store/stored_file.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

struct Expected {
  std::string file, variable, dtype;
  Shape shape;
};

std::vector<Expected> read_manifest(const std::string& path) {
  std::vector<Expected> result;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    Expected expected;
    std::string shape;
    std::istringstream(line) >> expected.file >> expected.variable >> expected.dtype >> shape;
    std::istringstream extents(shape);
    for (std::string extent; shape != "-" && std::getline(extents, extent, ',');) expected.shape.push_back(std::stoll(extent));
    result.push_back(expected);
  }
  return result;
}

bool python_is_here() {
  if (std::system("/usr/bin/python3 -c 'import h5py, numcodecs' 2>/dev/null") == 0) return true;
  WARN("skipped: /usr/bin/python3 with h5py and numcodecs is not here");
  return false;
}

void make_files(const ScratchDirectory& directory) {
  const std::string script = std::string(RANKINE_SOURCE_DIR) + "/tests/store/make_hdf5_files.py ";
  REQUIRE(std::system(("/usr/bin/python3 " + script + directory.file(".")).c_str()) == 0);
}

}  // namespace

TEST_CASE("every filter, layout, dtype, byte order and shape that h5py writes reads bit for bit") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  make_files(directory);
  std::ifstream values(directory.file("values.bin"), std::ios::binary);
  std::map<std::string, array::Catalogue> catalogues;
  std::map<std::string, int> through_library;
  int compared = 0, wrong = 0;
  for (const Expected& expected : read_manifest(directory.file("manifest.txt"))) {
    INFO(expected.file << " " << expected.variable);
    if (!catalogues.contains(expected.file)) catalogues[expected.file] = store::open_hdf5(directory.file(expected.file));
    const auto& variable = variable_of(catalogues[expected.file], expected.variable);
    REQUIRE(variable.data);
    const NdArray read = read_by_us(*variable.data);
    REQUIRE(name_of(read.dtype()) == expected.dtype);
    REQUIRE(read.shape() == expected.shape);
    std::vector<char> bytes(static_cast<std::size_t>(read.size()) * size_of(read.dtype()));
    REQUIRE(values.read(bytes.data(), static_cast<std::streamsize>(bytes.size())));
    if (!bytes.empty() && std::memcmp(bytes.data(), read.raw(), bytes.size()) != 0) {
      ++wrong;
      UNSCOPED_INFO("wrong: " << expected.file << " " << expected.variable);
    }
    ++compared;
    if (variable.data->storage == array::Storage::library) ++through_library[variable.data->library_reason];
  }
  CHECK(wrong == 0);
  CHECK(compared > 4000);
  // Half floats: compact, contiguous, sparse, never written, two orders, two files.
  CHECK(through_library == std::map<std::string, int>{{"half floats", 16}, {"unusual element type", 4}, {"scale-offset filter", 2},
                                                      {"data in an external file", 1}, {"virtual dataset", 1}});
}

TEST_CASE("parts of chunked, odd and short datasets read as parts of the whole") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  make_files(directory);
  store::Reader reader;
  for (const char* name : {"layouts-latest.h5", "layouts-earliest.h5", "matrix-latest-all.h5", "matrix-earliest-bitshuffle_lz4.h5"}) {
    const array::Catalogue catalogue = store::open_hdf5(directory.file(name));
    for (const auto& variable : catalogue.variables) {
      if (!variable.data || variable.data->shape != Shape{7, 5}) continue;
      INFO(name << " " << variable.name);
      const NdArray whole = read_by_us(*variable.data);
      const NdArray part = reader.read(*variable.data, Box{{2, 1}, {6, 5}});
      for (std::int64_t row = 0; row < 4; ++row)
        for (std::int64_t column = 0; column < 4; ++column)
          REQUIRE(part.as_double(row * 4 + column) == whole.as_double((row + 2) * 5 + column + 1));
    }
  }
}

TEST_CASE("a filter that nothing here can undo is named with its number and the variable") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  make_files(directory);
  const std::string path = directory.file("unknown-filter.h5");
  const array::Catalogue catalogue = store::open_hdf5(path);
  array::StoredArray array = *variable_of(catalogue, "pressed").data;
  CHECK(codec::describe(array.codecs) == "filter 32013 (zfp)");
  CHECK_THROWS_WITH(store::load_chunk_index(array),
                    "cannot read pressed in " + path +
                        ": it is stored with HDF5's filter 32013 (zfp): this build of Rankine lacks a decoder of HDF5 filter "
                        "32013 (zfp); install the filter's HDF5 plugin and set HDF5_PLUGIN_PATH, or rewrite the variable with "
                        "another filter");
  CHECK(read_by_us(*variable_of(catalogue, "plain").data).as_double(2) == 2.0);
}

TEST_CASE("damaged chunks of every filter give a clean error or other values, never a crash") {
  if (!python_is_here()) return;
  const ScratchDirectory directory;
  make_files(directory);
  Prng random(17);
  codec::Scratch scratch;
  int failed = 0, files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.file("."))) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("matrix-latest-")) continue;
    const array::Catalogue catalogue = store::open_hdf5(entry.path());
    array::StoredArray array = *variable_of(catalogue, "v10_le_f8").data;
    store::load_chunk_index(array);
    const store::StoredFile file(entry.path());
    const auto original = file.read(array.index->offsets[1], array.index->sizes[1]);
    std::vector<std::byte> decoded(static_cast<std::size_t>(element_count(array.chunk_shape)) * 8);
    ++files;
    for (int variant = 0; variant < 300; ++variant) {
      auto bytes = original;
      if (variant % 5 == 4) bytes.resize(random.below(bytes.size()));
      for (int flip = 0; flip < 2 && !bytes.empty(); ++flip)
        bytes[random.below(std::min<std::size_t>(bytes.size(), variant % 2 == 0 ? 24 : 1000))] = static_cast<std::byte>(random.next());
      try {
        codec::decode(array.codecs, 0, bytes, decoded, scratch);
      } catch (const InputError&) {
        ++failed;
      }
    }
  }
  CHECK(files > 30);
  CHECK(failed > 2000);
}
