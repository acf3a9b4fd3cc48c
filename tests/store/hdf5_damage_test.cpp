#include <hdf5.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "base/prng.hpp"
#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

/// Small, with every kind of structure: groups, dense attributes, strings, each chunk index.
void make_netcdf4(const std::string& path) {
  int file = -1, time = -1, x = -1, group = -1, v = -1, names = -1, inner = -1, plain = -1;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 5, &x));
  const int dims[2] = {time, x};
  nc(nc_def_var(file, "v", NC_FLOAT, 2, dims, &v));
  nc(nc_def_var_deflate(file, v, 1, 1, 1));
  nc(nc_def_var_fletcher32(file, v, NC_FLETCHER32));
  const std::size_t chunks[2] = {2, 3};
  nc(nc_def_var_chunking(file, v, NC_CHUNKED, chunks));
  nc(nc_def_var(file, "names", NC_STRING, 1, &x, &names));
  nc(nc_def_var(file, "plain", NC_DOUBLE, 1, &x, &plain));
  for (int i = 0; i < 12; ++i) nc(nc_put_att_text(file, v, ("a" + std::to_string(i)).c_str(), 4, "text"));
  nc(nc_def_grp(file, "g", &group));
  nc(nc_def_var(group, "w", NC_INT, 1, &x, &inner));
  nc(nc_enddef(file));
  std::vector<float> values(35);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::size_t start[2] = {0, 0}, count[2] = {7, 5};
  nc(nc_put_vara_float(file, v, start, count, values.data()));
  const char* texts[5] = {"one", "two", "three", "", "five"};
  nc(nc_put_var_string(file, names, texts));
  const double numbers[5] = {1, 2, 3, 4, 5};
  nc(nc_put_var_double(file, plain, numbers));
  const int whole[5] = {5, 4, 3, 2, 1};
  nc(nc_put_var_int(group, inner, whole));
  nc(nc_close(file));
}

void make_latest(const std::string& path) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  const std::vector<std::vector<hsize_t>> largest = {{7, 5}, {H5S_UNLIMITED, 5}, {H5S_UNLIMITED, H5S_UNLIMITED}};
  for (std::size_t i = 0; i < largest.size(); ++i) {
    const hsize_t shape[2] = {7, 5}, chunk[2] = {2, 3};
    const hid_t space = H5Screate_simple(2, shape, largest[i].data());
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 2, chunk);
    H5Pset_fletcher32(creation);
    const hid_t dataset = H5Dcreate2(file, ("d" + std::to_string(i)).c_str(), H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    std::vector<int> values(35);
    for (std::size_t k = 0; k < values.size(); ++k) values[k] = static_cast<int>(100 * i + k);
    REQUIRE(H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
    H5Dclose(dataset);
    H5Pclose(creation);
    H5Sclose(space);
  }
  H5Fclose(file);
  H5Pclose(access);
}

/// Everything there is to read: each variable's values, or the error that it gave.
struct Outcome {
  bool opened = false;
  std::string error;
  std::map<std::string, NdArray> values;
  std::map<std::string, std::string> errors;
};

constexpr std::int64_t large_enough = 1 << 20;

void read_group(const std::string& path, const std::string& group, Outcome& outcome, store::Reader& reader) {
  const array::Catalogue catalogue = store::open_catalogue(path, {.group = group});
  outcome.opened = true;
  for (const auto& variable : catalogue.variables) {
    const std::string name = group + "/" + variable.name;
    if (!variable.data || variable.data->storage == array::Storage::library) continue;
    // A shape that lies is a matter of the memory limit, which plans know.
    double elements = 1;
    for (const std::int64_t extent : variable.data->shape) elements *= static_cast<double>(extent);
    if (elements > large_enough) continue;
    try {
      if (variable.data->storage == array::Storage::chunked) store::load_chunk_index(*variable.data);
      outcome.values[name] = reader.read(*variable.data, Box::whole(variable.data->shape));
    } catch (const InputError& error) {
      outcome.errors[name] = error.what();
    }
  }
  if (group.empty())
    for (const auto& below : catalogue.groups) read_group(path, below, outcome, reader);
}

Outcome read_all(const std::string& path) {
  Outcome outcome;
  store::Reader reader;
  try {
    read_group(path, "", outcome, reader);
  } catch (const Error& error) {
    outcome.error = error.what();
  }
  return outcome;
}

bool same(const Outcome& a, const Outcome& b) {
  if (a.values.size() != b.values.size()) return false;
  for (const auto& [name, values] : a.values)
    if (!b.values.contains(name) || !same_bytes(values, b.values.at(name))) return false;
  return true;
}

}  // namespace

TEST_CASE("flipped bytes in HDF5 give a clean error or what stands there, never a crash, a hang or a huge allocation") {
  const ScratchDirectory directory;
  const bool latest = GENERATE(false, true);
  const std::string path = directory.file("whole.nc"), damaged = directory.file("damaged.nc");
  if (latest) make_latest(path);
  else make_netcdf4(path);
  const std::vector<char> original = contents(path);
  const Outcome whole = read_all(path);
  REQUIRE(whole.values.size() == 3);
  REQUIRE(whole.errors.empty());
  Prng random(latest ? 3 : 5);
  int unchanged = 0, failed = 0, changed = 0;
  for (int variant = 0; variant < 1500; ++variant) {
    std::vector<char> bytes = original;
    const std::uint64_t flips = 1 + random.below(3);
    for (std::uint64_t i = 0; i < flips; ++i) {
      std::uint64_t at = random.below(bytes.size());
      // Most of a small file is free space: look for a byte that says something.
      for (int tries = 0; tries < 8 && bytes[at] == 0; ++tries) at = random.below(bytes.size());
      bytes[at] = static_cast<char>(random.chance(0.3) ? 255 : random.next());
    }
    put_contents(damaged, bytes);
    const Outcome outcome = read_all(damaged);
    for (const auto& [name, error] : outcome.errors) {
      INFO(error);
      CHECK(error.find(damaged) != std::string::npos);
      CHECK(error.find(name.substr(name.rfind('/') + 1)) != std::string::npos);
    }
    if (!outcome.error.empty()) CHECK(outcome.error.find(damaged) != std::string::npos);
    if (!outcome.error.empty() || !outcome.errors.empty()) ++failed;
    else if (same(outcome, whole)) ++unchanged;
    else ++changed;
  }
  CHECK(failed > 100);
  CHECK(unchanged > 50);
  // Uncompressed numbers have no checksum; all that has one is caught.
  CHECK(changed < 900);
}

TEST_CASE("a file cut anywhere is an error that names it") {
  const ScratchDirectory directory;
  const bool latest = GENERATE(false, true);
  const std::string path = directory.file("whole.nc"), cut = directory.file("cut.nc");
  if (latest) make_latest(path);
  else make_netcdf4(path);
  const std::vector<char> original = contents(path);
  for (std::size_t size = 0; size < original.size(); size += 1 + size / 40) {
    put_contents(cut, {original.begin(), original.begin() + static_cast<std::ptrdiff_t>(size)});
    const Outcome outcome = read_all(cut);
    INFO(size);
    CHECK_FALSE(outcome.opened);
    CHECK(outcome.error.find(cut) != std::string::npos);
  }
}
