#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "store/index_cache.hpp"
#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store;
using store_test::ScratchDirectory;
namespace fs = std::filesystem;

namespace {

/// 4 x 3 ints in two compressed chunks.
void make_file(const std::string& path, int first) {
  int file = 0, dims[2] = {}, variable = 0;
  REQUIRE(nc_create(path.c_str(), NC_NETCDF4 | NC_CLOBBER, &file) == NC_NOERR);
  nc_def_dim(file, "y", 4, &dims[0]);
  nc_def_dim(file, "x", 3, &dims[1]);
  nc_def_var(file, "v", NC_INT, 2, dims, &variable);
  const std::size_t chunks[2] = {2, 3};
  nc_def_var_chunking(file, variable, NC_CHUNKED, chunks);
  nc_def_var_deflate(file, variable, 1, 1, 4);
  nc_put_att_text(file, variable, "units", 1, "K");
  int values[12];
  for (int i = 0; i < 12; ++i) values[i] = first + i;
  nc_put_var_int(file, variable, values);
  REQUIRE(nc_close(file) == NC_NOERR);
}

const array::StoredVariable& variable_named(const array::Catalogue& catalogue, const std::string& name) {
  for (const auto& variable : catalogue.variables)
    if (variable.name == name) return variable;
  FAIL("no variable " << name);
  throw;
}

/// The first value of v as a cached catalogue gives it.
int first_value(IndexCache& cache, const std::string& path) {
  const array::Catalogue catalogue = cache.open(path);
  array::StoredArray& stored = *variable_named(catalogue, "v").data;
  load_chunk_index(stored);
  Reader reader;
  return reader.read(stored, Box::whole(stored.shape)).data<int>()[0];
}

}  // namespace

TEST_CASE("A second run takes metadata and chunk indexes from the cache") {
  const ScratchDirectory folder;
  const std::string path = folder.file("in.nc");
  const std::string kept = folder.file("cache");
  make_file(path, 100);

  IndexCache first(kept);
  CHECK(first_value(first, path) == 100);
  CHECK(first.hit_count() == 0);
  first.save();

  IndexCache second(kept);
  const array::Catalogue catalogue = second.open(path);
  CHECK(second.hit_count() == 1);
  const auto& variable = variable_named(catalogue, "v");
  CHECK(catalogue.format == "NetCDF-4");
  CHECK(variable.dims == std::vector<std::string>{"y", "x"});
  CHECK(*variable.attributes.text("units") == "K");
  CHECK(variable.data->index != nullptr);
  CHECK(first_value(second, path) == 100);

  // Nothing is written anew where nothing is new.
  const auto entry = *fs::directory_iterator(kept);
  const auto written = fs::last_write_time(entry);
  second.save();
  CHECK(fs::last_write_time(entry) == written);
}

TEST_CASE("An index that arrives later is kept too") {
  const ScratchDirectory folder;
  const std::string path = folder.file("in.nc");
  const std::string kept = folder.file("cache");
  make_file(path, 1);
  IndexCache first(kept);
  first.open(path);
  first.save();
  IndexCache second(kept);
  const array::Catalogue catalogue = second.open(path);
  CHECK(variable_named(catalogue, "v").data->index == nullptr);
  load_chunk_index(*variable_named(catalogue, "v").data);
  second.save();
  CHECK(variable_named(IndexCache(kept).open(path), "v").data->index != nullptr);
}

TEST_CASE("A changed file or a damaged entry is read again") {
  const ScratchDirectory folder;
  const std::string path = folder.file("in.nc");
  const std::string kept = folder.file("cache");
  make_file(path, 100);
  IndexCache first(kept);
  first_value(first, path);
  first.save();

  make_file(path, 200);
  fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
  IndexCache changed(kept);
  CHECK(first_value(changed, path) == 200);
  CHECK(changed.hit_count() == 0);
  changed.save();

  const fs::path entry = fs::directory_iterator(kept)->path();
  const auto size = fs::file_size(entry);
  for (std::uintmax_t at = 0; at < size; at += 7) {
    const fs::path copy = folder.file("whole");
    fs::copy_file(entry, copy, fs::copy_options::overwrite_existing);
    {
      std::fstream file(entry, std::ios::binary | std::ios::in | std::ios::out);
      file.seekg(static_cast<std::streamoff>(at));
      const char byte = static_cast<char>(file.get() ^ 0x10);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
    }
    IndexCache damaged(kept);
    CHECK(first_value(damaged, path) == 200);
    CHECK(damaged.hit_count() == 0);
    fs::copy_file(copy, entry, fs::copy_options::overwrite_existing);
  }
  fs::resize_file(entry, size / 2);
  IndexCache cut(kept);
  CHECK(first_value(cut, path) == 200);
  CHECK(cut.hit_count() == 0);
}

TEST_CASE("Without a folder nothing is kept, and a folder that cannot be made is an error") {
  const ScratchDirectory folder;
  const std::string path = folder.file("in.nc");
  make_file(path, 5);
  IndexCache none("");
  CHECK(first_value(none, path) == 5);
  none.save();
  CHECK_THROWS_AS(IndexCache(path + "/below"), OutputError);
}
