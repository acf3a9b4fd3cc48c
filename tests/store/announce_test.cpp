#include <catch2/catch.hpp>

#include "array/combine.hpp"
#include "array/visit_stored.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store;
using store_test::ScratchDirectory;

namespace {

const char* make_files = R"(
import netCDF4, numpy as np, sys
with netCDF4.Dataset(sys.argv[1] + '/chunks.nc', 'w') as f:
    f.createDimension('t', 64); f.createDimension('x', 1000)
    v = f.createVariable('v', 'f4', ('t', 'x'), zlib=True, chunksizes=(8, 1000))
    v[:] = np.random.default_rng(3).random((64, 1000))
    w = f.createVariable('w', 'f4', ('t', 'x'), contiguous=True)
    w[:] = 1
)";

array::StoredArrayPtr variable(const std::string& path, const std::string& name) {
  for (const auto& one : open_catalogue(path).variables)
    if (one.name == name) {
      load_chunk_index(*one.data);
      return one.data;
    }
  return nullptr;
}

}  // namespace

TEST_CASE("what is announced of a box are the bytes that reading it reads, within the room that is given") {
  const ScratchDirectory folder;
  const std::string script = folder.file("make.py");
  std::ofstream(script) << make_files;
  REQUIRE(store_test::run_python(script + " " + folder.path.string()));
  const auto v = variable(folder.file("chunks.nc"), "v");
  const Box box{{10, 0}, {50, 1000}};

  Reader reader;
  const std::uint64_t announced = reader.announce(*v, box, UINT64_MAX);
  CHECK(reader.counters().announced_bytes == announced);
  CHECK(reader.counters().stored_bytes == 0);
  reader.read(*v, box);
  CHECK(reader.counters().stored_bytes == announced);

  CHECK(reader.announce(*v, box, 5000) == 5000);
  CHECK(reader.announce(*v, box, 0) == 0);
  CHECK(reader.announce(*v, {{3, 0}, {3, 1000}}, 5000) == 0);
  CHECK(reader.announce(*variable(folder.file("chunks.nc"), "w"), box, UINT64_MAX) == 40 * 1000 * 4);
}

TEST_CASE("announcing what is not there is no error: reading it is") {
  const ScratchDirectory folder;
  const std::string script = folder.file("make.py");
  std::ofstream(script) << make_files;
  REQUIRE(store_test::run_python(script + " " + folder.path.string()));
  const auto v = variable(folder.file("chunks.nc"), "v");
  std::filesystem::remove(folder.file("chunks.nc"));
  Reader reader;
  CHECK(reader.announce(*v, Box::whole(v->shape), UINT64_MAX) == 0);
  CHECK_THROWS(reader.read(*v, Box::whole(v->shape)));
}

TEST_CASE("what a block reads of files side by side is found, once for however many paths lead there") {
  std::vector<array::ExprPtr> files;
  for (const char* path : {"a", "b", "c"}) {
    auto array = std::make_shared<array::StoredArray>();
    array->path = path;
    array->shape = array->chunk_shape = {4, 3};
    files.push_back(array::source(array));
  }
  const array::ExprPtr joined = array::concat(files, 0);
  const array::ExprPtr twice = array::elementwise(kernel::Op::add, {joined, joined});
  std::vector<std::pair<std::string, Box>> found;
  array::visit_stored(array::slice(twice, {1, 0}, {1, 1}, {8, 3}), {{0, 1}, {5, 2}},
                      [&](const array::StoredArrayPtr& array, const Box& box) { found.emplace_back(array->path, box); });
  REQUIRE(found.size() == 2);
  CHECK(found[0].first == "a");
  CHECK((found[0].second == Box{{1, 1}, {4, 2}}));
  CHECK(found[1].first == "b");
  CHECK((found[1].second == Box{{0, 1}, {2, 2}}));
  CHECK(array::reads_stored(twice));
  CHECK_FALSE(array::reads_stored(array::layer_input(LayerId{1}, DType::float32, {4, 3})));
}
