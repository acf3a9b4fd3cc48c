#include <hdf5.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

array::Catalogue open_file(const std::string& path) {
  std::vector<std::byte> head(store::format_probe_bytes);
  FILE* file = std::fopen(path.c_str(), "rb");
  head.resize(std::fread(head.data(), 1, head.size(), file));
  std::fclose(file);
  return store::looks_like_netcdf3(head) ? store::open_netcdf3(path) : store::open_hdf5(path);
}

struct Layout {
  std::string name;
  bool chunked;
  bool shuffle, deflate, fletcher32;
};

/// A dataset of `shape` {7, 5} holding 0, 3, 6 ... in the file type; the library converts.
template <typename T>
void write_dataset(hid_t file, const std::string& name, hid_t file_type, hid_t memory_type, const Layout& layout) {
  const hsize_t shape[2] = {7, 5}, chunk[2] = {3, 4};
  std::vector<T> values(35);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(3 * i);
  const hid_t space = H5Screate_simple(2, shape, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  if (layout.chunked) H5Pset_chunk(creation, 2, chunk);
  if (layout.shuffle) H5Pset_shuffle(creation);
  if (layout.deflate) H5Pset_deflate(creation, 5);
  if (layout.fletcher32) H5Pset_fletcher32(creation);
  const hid_t dataset = H5Dcreate2(file, name.c_str(), file_type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  REQUIRE(H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  H5Dclose(dataset);
  H5Pclose(creation);
  H5Sclose(space);
}

}  // namespace

TEST_CASE("every numeric variable of real files reads bit for bit as libnetcdf reads it") {
  const std::filesystem::path data = RANKINE_SHARED_DATA;
  if (!std::filesystem::exists(data / "climate")) {
    WARN("skipped: no real files at " << data.string());
    return;
  }
  int compared = 0, through_library = 0;
  for (const char* folder : {"climate", "formats/netcdf"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data / folder)) {
      const std::string path = entry.path().string();
      INFO(path);
      std::size_t read = 0;
      const array::Catalogue catalogue = open_file(path);
      CHECK_FALSE(catalogue.variables.empty());
      std::vector<NdArray> ours;
      for (const auto& variable : catalogue.variables)
        if (variable.data) ours.push_back(read_by_us(*variable.data));
      const NetcdfOracle oracle(path);
      for (const auto& variable : catalogue.variables) {
        if (!variable.data) continue;
        INFO(variable.name);
        CHECK(same_bytes(ours.at(read), oracle.read(*variable.data)));
        ++read;
        ++compared;
        through_library += variable.data->storage == array::Storage::library ? 1 : 0;
      }
    }
  }
  CHECK(compared > 100);
  CHECK(through_library < compared / 10);
}

TEST_CASE("each filter, layout, dtype and byte order reads without the library") {
  const ScratchDirectory directory;
  const std::vector<Layout> layouts = {
      {"contiguous", false, false, false, false}, {"chunked", true, false, false, false},
      {"shuffle", true, true, false, false},      {"deflate", true, false, true, false},
      {"fletcher32", true, false, false, true},   {"all", true, true, true, true}};
  for (const bool latest : {false, true}) {
    for (const hsize_t user_block : {hsize_t{0}, hsize_t{1024}}) {
      const std::string path = directory.file("f" + std::to_string(latest) + std::to_string(user_block) + ".h5");
      const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
      if (latest) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
      const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
      H5Pset_userblock(creation, user_block);
      const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access);
      REQUIRE(file >= 0);
      for (const Layout& layout : layouts) {
        write_dataset<double>(file, layout.name + "_f4le", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_f4be", H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_f8be", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_i1", H5T_STD_I8LE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_i2be", H5T_STD_I16BE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_u4", H5T_STD_U32LE, H5T_NATIVE_DOUBLE, layout);
        write_dataset<double>(file, layout.name + "_i8be", H5T_STD_I64BE, H5T_NATIVE_DOUBLE, layout);
      }
      H5Fclose(file);
      H5Pclose(creation);
      H5Pclose(access);
      const array::Catalogue catalogue = store::open_hdf5(path);
      REQUIRE(catalogue.variables.size() == layouts.size() * 7);
      for (const auto& variable : catalogue.variables) {
        INFO(path << " " << variable.name);
        REQUIRE(variable.data);
        CHECK(variable.data->storage != array::Storage::library);
        CHECK(variable.data->big_endian == (variable.name.substr(variable.name.size() - 2) == "be"));
        const NdArray values = read_by_us(*variable.data);
        REQUIRE(values.size() == 35);
        for (std::int64_t i = 0; i < 35; ++i) CHECK(values.as_double(i) == 3.0 * static_cast<double>(i));
      }
    }
  }
}

TEST_CASE("what the own decoder cannot read goes through the library and says why") {
  const ScratchDirectory directory;
  const std::string path = directory.file("odd.h5");
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t shape[1] = {8};
  const hid_t space = H5Screate_simple(1, shape, nullptr);
  const std::vector<int> values = {1, 2, 3, 5, 8, 13, 21, 34};
  const auto write = [&](const char* name, hid_t creation) {
    const hid_t dataset = H5Dcreate2(file, name, H5T_STD_I32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    REQUIRE(H5Dwrite(dataset, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
    H5Dclose(dataset);
    H5Pclose(creation);
  };
  hid_t compact = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(compact, H5D_COMPACT);
  write("compact", compact);
  hid_t offset = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(offset, 1, shape);
  H5Pset_scaleoffset(offset, H5Z_SO_INT, 0);
  write("offset", offset);
  H5Sclose(space);
  H5Fclose(file);
  const array::Catalogue catalogue = store::open_hdf5(path);
  CHECK(variable_of(catalogue, "compact").data->storage == array::Storage::contiguous);
  CHECK(variable_of(catalogue, "offset").data->storage == array::Storage::library);
  CHECK(variable_of(catalogue, "offset").data->library_reason == "scale-offset filter");
  store::Reader reader;
  for (const auto& variable : catalogue.variables)
    CHECK(identical(reader.read(*variable.data, Box{{2}, {6}}), NdArray::from(std::vector<std::int32_t>{3, 5, 8, 13})));
}

TEST_CASE("a catalogue gives dims, attributes and encoding as xarray's netCDF4 backend does") {
  const ScratchDirectory directory;
  const std::string path = directory.file("a.nc");
  int file = -1, time = -1, x = -1, length = -1, v = -1, names = -1, codes = -1, scalar = -1;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 4, &x));
  nc(nc_def_dim(file, "length", 5, &length));
  const int dims[2] = {time, x};
  nc(nc_def_var(file, "v", NC_SHORT, 2, dims, &v));
  const std::size_t chunks[2] = {2, 4};
  nc(nc_def_var_chunking(file, v, NC_CHUNKED, chunks));
  nc(nc_def_var_deflate(file, v, 1, 1, 7));
  const short fill = -9, range[2] = {-1, 7};
  nc(nc_def_var_fill(file, v, 0, &fill));
  nc(nc_put_att_text(file, v, "units", 1, "K"));
  nc(nc_put_att_short(file, v, "range", NC_SHORT, 2, range));
  const double factor = 0.5;
  nc(nc_put_att_double(file, v, "scale_factor", NC_DOUBLE, 1, &factor));
  nc(nc_def_var(file, "names", NC_STRING, 1, &x, &names));
  const int code_dims[2] = {x, length};
  nc(nc_def_var(file, "codes", NC_CHAR, 2, code_dims, &codes));
  nc(nc_def_var(file, "x", NC_DOUBLE, 0, nullptr, &scalar));
  const char* texts[2] = {"a", "b"};
  nc(nc_put_att_string(file, NC_GLOBAL, "list", 2, texts));
  nc(nc_enddef(file));
  const std::size_t start[2] = {0, 0}, count[2] = {3, 4};
  const std::vector<short> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  nc(nc_put_vara_short(file, v, start, count, values.data()));
  const char* four[4] = {"one", "", "three", "f\303\274nf"};
  nc(nc_put_var_string(file, names, four));
  nc(nc_put_var_text(file, codes, "ab\0\0\0cdefg\0\0\0\0\0h\0\0\0\0"));
  const double pi = 3.25;
  nc(nc_put_var_double(file, scalar, &pi));
  nc(nc_close(file));

  const array::Catalogue catalogue = store::open_hdf5(path);
  CHECK(catalogue.format == "NetCDF-4");
  REQUIRE(catalogue.dims.size() == 2);
  CHECK(catalogue.dims[0].name == "time");
  CHECK(catalogue.dims[0].size == 3);
  CHECK(catalogue.dims[0].unlimited);
  CHECK(catalogue.dims[1].name == "x");
  CHECK_FALSE(catalogue.dims[1].unlimited);
  CHECK(identical(catalogue.attributes, {{"list", std::vector<std::string>{"a", "b"}}}));

  const auto& stored = variable_of(catalogue, "v");
  CHECK(stored.dims == std::vector<std::string>{"time", "x"});
  CHECK(identical(stored.attributes, {{"_FillValue", NdArray::scalar(std::int16_t{-9})},
                                      {"units", std::string("K")},
                                      {"range", NdArray::from(std::vector<std::int16_t>{-1, 7})},
                                      {"scale_factor", NdArray::scalar(0.5)}}));
  CHECK(identical(stored.encoding, {{"zlib", NdArray::scalar(true)},
                                    {"shuffle", NdArray::scalar(true)},
                                    {"complevel", NdArray::scalar(std::int64_t{7})},
                                    {"fletcher32", NdArray::scalar(false)},
                                    {"contiguous", NdArray::scalar(false)},
                                    {"chunksizes", NdArray::from(std::vector<std::int64_t>{2, 4})},
                                    {"source", path},
                                    {"original_shape", NdArray::from(std::vector<std::int64_t>{3, 4})},
                                    {"dtype", std::string("int16")}}));
  CHECK(codec::describe(stored.data->codecs) == "shuffle, deflate 7");
  CHECK(same_bytes(read_by_us(*stored.data), NdArray::from(std::vector<std::int16_t>(values.begin(), values.end()), {3, 4})));

  CHECK(variable_of(catalogue, "names").strings.strings() == std::vector<std::string>{"one", "", "three", "f\303\274nf"});
  const auto& joined = variable_of(catalogue, "codes");
  CHECK(joined.dims == std::vector<std::string>{"x"});
  CHECK(joined.strings.strings() == std::vector<std::string>{"ab", "cdefg", "", "h"});
  CHECK(*joined.encoding.text("char_dim_name") == "length");
  const auto& renamed = variable_of(catalogue, "x");
  CHECK(renamed.data->shape.empty());
  CHECK(read_by_us(*renamed.data).as_double(0) == 3.25);
}

TEST_CASE("data never written read as the fill value, behind a short dataset too") {
  const ScratchDirectory directory;
  const std::string path = directory.file("sparse.nc");
  int file = -1, time = -1, x = -1, longer = -1, shorter = -1, never = -1;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 6, &x));
  nc(nc_def_var(file, "longer", NC_INT, 1, &time, &longer));
  nc(nc_def_var(file, "shorter", NC_FLOAT, 1, &time, &shorter));
  nc(nc_def_var(file, "never", NC_DOUBLE, 1, &x, &never));
  const std::size_t chunk = 3;
  nc(nc_def_var_chunking(file, longer, NC_CHUNKED, &chunk));
  nc(nc_def_var_chunking(file, shorter, NC_CHUNKED, &chunk));
  const float fill = 7.5f;
  nc(nc_def_var_fill(file, shorter, 0, &fill));
  nc(nc_enddef(file));
  const std::size_t last = 20, first = 1;
  const int one = 1;
  const float two = 2;
  nc(nc_put_var1_int(file, longer, &last, &one));
  nc(nc_put_var1_float(file, shorter, &first, &two));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_hdf5(path);
  for (const auto& variable : catalogue.variables) {
    INFO(variable.name);
    CHECK(variable.data->storage == array::Storage::chunked);
    CHECK(same_bytes(read_by_us(*variable.data), read_by_libnetcdf(path, *variable.data)));
  }
}

TEST_CASE("types without a dtype are named in a note and do no harm") {
  const ScratchDirectory directory;
  const std::string path = directory.file("types.nc");
  int file = -1, compound = -1, enumeration = -1, x = -1, point = -1, flag = -1;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_compound(file, 8, "point", &compound));
  nc(nc_insert_compound(file, compound, "a", 0, NC_INT));
  nc(nc_insert_compound(file, compound, "b", 4, NC_INT));
  nc(nc_def_enum(file, NC_UBYTE, "flag", &enumeration));
  const unsigned char off = 0, on = 1;
  nc(nc_insert_enum(file, enumeration, "off", &off));
  nc(nc_insert_enum(file, enumeration, "on", &on));
  nc(nc_def_dim(file, "x", 3, &x));
  nc(nc_def_var(file, "p", compound, 1, &x, &point));
  nc(nc_def_var(file, "f", enumeration, 1, &x, &flag));
  int group = -1;
  nc(nc_def_grp(file, "below", &group));
  const unsigned char flags[3] = {1, 0, 1};
  nc(nc_put_var(file, flag, flags));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_hdf5(path);
  REQUIRE(catalogue.variables.size() == 2);
  CHECK(variable_of(catalogue, "p").note == "compound types are not supported");
  CHECK_FALSE(variable_of(catalogue, "p").data);
  CHECK(identical(read_by_us(*variable_of(catalogue, "f").data), NdArray::from(std::vector<std::uint8_t>{1, 0, 1})));
}

TEST_CASE("a file that is no HDF5 or is cut is an input error naming it") {
  const ScratchDirectory directory;
  const std::string path = directory.file("cut.nc");
  CHECK_THROWS_AS(store::open_hdf5(path), InputError);
  FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite("\211HDF\r\n\032\n", 1, 8, file);
  std::fclose(file);
  CHECK_THROWS_WITH(store::open_hdf5(path), Catch::Contains(path));
}
