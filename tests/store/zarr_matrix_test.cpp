#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "store/scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using store_test::ScratchDirectory;

namespace {

bool python_is_here() {
  if (store_test::run_python("-c 'import zarr, numcodecs' 2>/dev/null")) return true;
  WARN("skipped: /usr/bin/python3 with zarr is not here");
  return false;
}

}  // namespace

TEST_CASE("every dtype, order, compressor, filter and shape that python3-zarr writes reads bit for bit") {
  if (!python_is_here()) return;
  const ScratchDirectory folder;
  REQUIRE(store_test::run_python(std::string(RANKINE_SOURCE_DIR) + "/tests/store/make_zarr_stores.py " + folder.path.string()));
  const array::Catalogue catalogue = store::open_catalogue(folder.file("matrix.zarr"));
  std::map<std::string, const array::StoredVariable*> by_name;
  for (const auto& variable : catalogue.variables) by_name[variable.name] = &variable;
  std::ifstream manifest(folder.file("manifest.txt"));
  std::ifstream values(folder.file("values.bin"), std::ios::binary);
  store::Reader reader;
  int compared = 0;
  std::vector<std::string> wrong;
  for (std::string name, dtype, extents; manifest >> name >> dtype >> extents; ++compared) {
    INFO(name);
    REQUIRE(by_name.contains(name));
    const array::StoredVariable& variable = *by_name[name];
    INFO(variable.note);
    REQUIRE(variable.data != nullptr);
    Shape shape;
    std::istringstream list(extents);
    for (std::string extent; extents != "-" && std::getline(list, extent, ',');) shape.push_back(std::stoll(extent));
    const NdArray read = reader.read(*variable.data, Box::whole(variable.data->shape));
    CHECK(name_of(read.dtype()) == dtype);
    CHECK(read.shape() == shape);
    std::vector<char> expected(static_cast<std::size_t>(read.size()) * size_of(read.dtype()));
    REQUIRE(values.read(expected.data(), static_cast<std::streamsize>(expected.size())));
    if (!expected.empty() && std::memcmp(expected.data(), read.raw(), expected.size()) != 0) wrong.push_back(name);
  }
  CHECK(wrong == std::vector<std::string>{});
  CHECK(compared > 800);
  CHECK(by_name["complex"]->note == "dtype '<c8' is not supported");
  CHECK(by_name["record"]->note == "structured dtypes are not supported");
  CHECK(by_name["month"]->note == "dtype '<M8[M]' is not supported");
}
