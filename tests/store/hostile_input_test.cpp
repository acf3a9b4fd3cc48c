#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/error.hpp"
#include "store/netcdf_oracle.hpp"
#include "store/scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store_test;
namespace fs = std::filesystem;

namespace {

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

void put_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string zarray(const std::string& chunks, const std::string& shape = "[4]", const std::string& compressor = "null") {
  return R"({"zarr_format": 2, "shape": )" + shape + R"(, "chunks": )" + chunks + R"(, "dtype": "<f4", "compressor": )" + compressor +
         R"(, "fill_value": 0, "order": "C", "filters": null})";
}

}  // namespace

TEST_CASE("what is no file is refused without waiting for it") {
  const ScratchDirectory folder;
  const std::string pipe = folder.file("pipe.nc");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(message_of([&] { store::open_catalogue(pipe); }) == "cannot open " + pipe + ": it is a FIFO, not a file");
  const std::string loop = folder.file("loop.nc");
  fs::create_symlink(loop, loop);
  CHECK(message_of([&] { store::open_catalogue(loop); }) == "cannot open " + loop + ": Too many levels of symbolic links");
  CHECK(message_of([&] { store::open_catalogue(folder.file("")); }).find("it is a directory, but no Zarr store") != std::string::npos);
}

TEST_CASE("a file that may not be read says so") {
  if (::geteuid() == 0) return;  // root may read everything
  const ScratchDirectory folder;
  const std::string path = folder.file("closed.nc");
  put_text(path, "CDF\001");
  fs::permissions(path, fs::perms::none);
  CHECK(message_of([&] { store::open_catalogue(path); }) == "cannot open " + path + ": Permission denied");
}

TEST_CASE("groups that link to themselves end, and their arrays are found") {
  const ScratchDirectory folder;
  const fs::path root = folder.path / "loops.zarr";
  put_text(root / ".zgroup", R"({"zarr_format": 2})");
  put_text(root / "v" / ".zarray", zarray("[4]"));
  fs::create_directory_symlink(root, root / "again");
  fs::create_directory_symlink(root, root / "once_more");
  const array::Catalogue catalogue = store::open_catalogue(root.string());
  REQUIRE(catalogue.variables.size() == 1);
  CHECK(catalogue.groups.size() <= 10'000);
}

TEST_CASE("a chunk that is a pipe, a directory or too short is one error that names it") {
  const ScratchDirectory folder;
  const fs::path root = folder.path / "v.zarr";
  put_text(root / ".zarray", zarray("[2]"));
  REQUIRE(::mkfifo((root / "0").c_str(), 0600) == 0);
  put_text(root / "1", "abc");
  const array::Catalogue catalogue = store::open_catalogue(root.string());
  store::Reader reader;
  const array::StoredArray& v = *catalogue.variables[0].data;
  const std::string what = "cannot read chunk (0,) of v in " + root.string() + ": ";
  CHECK(message_of([&] { reader.read(v, Box{{0}, {2}}); }).substr(0, what.size()) == what);
  CHECK(message_of([&] { reader.read(v, Box{{2}, {4}}); }) ==
        "cannot read chunk (1,) of v in " + root.string() + ": decodes to 3 bytes, not 8");
}

TEST_CASE("a bomb is refused by what a chunk may hold, before memory is asked for") {
  const ScratchDirectory folder;
  const fs::path root = folder.path / "bomb.zarr";
  // 64 MiB of zeros in 65 KB, where a chunk of 8 bytes belongs; and a few bytes where 4 TB belong.
  const std::string script = folder.file("bomb.py");
  put_text(script, "import sys, zlib\nopen(sys.argv[1], 'wb').write(zlib.compress(bytes(1 << 26), 9))\n");
  put_text(root / "a" / ".zarray", zarray("[2]", "[4]", R"({"id": "zlib", "level": 9})"));
  put_text(root / "b" / ".zarray", zarray("[1000000000000]", "[1000000000000]", R"({"id": "zlib", "level": 9})"));
  put_text(root / ".zgroup", R"({"zarr_format": 2})");
  if (!run_python(script + " " + (root / "a" / "0").string())) return;
  put_text(root / "b" / "0", "x\x9c");
  const array::Catalogue catalogue = store::open_catalogue(root.string());
  store::Reader reader;
  for (const auto& variable : catalogue.variables) {
    INFO(variable.name);
    const std::string text = message_of([&] { reader.read(*variable.data, Box{{0}, {1}}); });
    CHECK(text.find("cannot read chunk (0,) of " + variable.name + " in " + (root / variable.name).string()) == 0);
  }
}

TEST_CASE("a Zarr array that is rewritten under the run is noticed or read anew, never mixed up") {
  const ScratchDirectory folder;
  const fs::path root = folder.path / "v.zarr";
  put_text(root / ".zarray", zarray("[2]"));
  put_text(root / "0", std::string(8, '\0'));
  const array::Catalogue catalogue = store::open_catalogue(root.string());
  fs::remove_all(root);
  store::Reader reader;
  CHECK(message_of([&] { reader.read(*catalogue.variables[0].data, Box{{0}, {4}}); }).find(root.string()) != std::string::npos);
}

TEST_CASE("consolidated metadata of very many arrays are read") {
  const ScratchDirectory folder;
  const fs::path root = folder.path / "many.zarr";
  std::string metadata = R"({"zarr_consolidated_format": 1, "metadata": {".zgroup": {"zarr_format": 2})";
  constexpr int arrays = 20000;
  for (int i = 0; i < arrays; ++i) {
    // Without names of dims: each array has its own, so that looking for one among all shows.
    const std::string extent = "[" + std::to_string(i + 1) + "]";
    metadata += ", \"a" + std::to_string(i) + "/.zarray\": " + zarray(extent, extent);
  }
  put_text(root / ".zmetadata", metadata + "}}");
  const array::Catalogue catalogue = store::open_catalogue(root.string());
  CHECK(catalogue.variables.size() == arrays);
  CHECK(catalogue.dims.size() == arrays);
}

TEST_CASE("shapes beyond 32 bits are opened and read where they have data") {
  const ScratchDirectory folder;
  const std::string path = folder.file("wide.nc");
  int file = 0, dims[2] = {}, variable = 0;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "y", 3'000'000'000, &dims[0]));
  nc(nc_def_dim(file, "x", 4, &dims[1]));
  nc(nc_def_var(file, "v", NC_SHORT, 2, dims, &variable));
  const std::size_t chunks[2] = {1'000'000, 4}, start[2] = {2'999'999'999, 0}, count[2] = {1, 4};
  nc(nc_def_var_chunking(file, variable, NC_CHUNKED, chunks));
  nc(nc_def_var_deflate(file, variable, 1, 1, 1));
  const short fill = -9, values[4] = {1, 2, 3, 4};
  nc(nc_def_var_fill(file, variable, NC_FILL, &fill));
  nc(nc_put_vara_short(file, variable, start, count, values));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_catalogue(path);
  array::StoredArray& v = *variable_of(catalogue, "v").data;
  CHECK(v.shape == Shape{3'000'000'000, 4});
  store::load_chunk_index(v);
  store::Reader reader;
  const NdArray last = reader.read(v, Box{{2'999'999'998, 0}, {3'000'000'000, 4}});
  CHECK(std::vector<std::int16_t>(last.data<std::int16_t>(), last.data<std::int16_t>() + 8) ==
        std::vector<std::int16_t>{-9, -9, -9, -9, 1, 2, 3, 4});
  CHECK(reader.read(v, Box{{5, 1}, {6, 2}}).as_int64(0) == -9);
}

TEST_CASE("a coordinate in one-step chunks that lie together is read by few reads") {
  const ScratchDirectory folder;
  const std::string path = folder.file("steps.nc");
  int file = 0, dim = 0, variable = 0;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &dim));
  nc(nc_def_var(file, "time", NC_DOUBLE, 1, &dim, &variable));
  const std::size_t chunk = 1, start = 0, count = 5000;
  nc(nc_def_var_chunking(file, variable, NC_CHUNKED, &chunk));
  std::vector<double> times(count);
  for (std::size_t i = 0; i < count; ++i) times[i] = static_cast<double>(i) / 4;
  nc(nc_put_vara_double(file, variable, &start, &count, times.data()));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_catalogue(path);
  array::StoredArray& time = *variable_of(catalogue, "time").data;
  store::load_chunk_index(time);
  store::Reader reader;
  const NdArray read = reader.read(time, Box::whole(time.shape));
  CHECK(std::equal(times.begin(), times.end(), read.data<double>()));
  CHECK(reader.counters().reads <= 50);
}

TEST_CASE("a chunk shared by boxes of several threads is decoded once") {
  const ScratchDirectory folder;
  const std::string path = folder.file("shared.nc");
  int file = 0, dims[2] = {}, variable = 0;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "y", 64, &dims[0]));
  nc(nc_def_dim(file, "x", 64, &dims[1]));
  nc(nc_def_var(file, "v", NC_INT, 2, dims, &variable));
  const std::size_t chunks[2] = {32, 32};
  nc(nc_def_var_chunking(file, variable, NC_CHUNKED, chunks));
  nc(nc_def_var_deflate(file, variable, 1, 1, 1));
  std::vector<int> values(64 * 64);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  nc(nc_put_var_int(file, variable, values.data()));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_catalogue(path);
  array::StoredArray& v = *variable_of(catalogue, "v").data;
  store::load_chunk_index(v);
  store::Reader reader;
  std::atomic<std::int64_t> next{0}, wrong{0};
  const auto work = [&] {
    for (std::int64_t row = next++; row < 64; row = next++) {
      const NdArray part = reader.read(v, Box{{row, 0}, {row + 1, 64}});
      for (std::int64_t x = 0; x < 64; ++x) wrong += part.as_int64(x) != row * 64 + x;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(reader.counters().decoded_chunks == 4);
}
