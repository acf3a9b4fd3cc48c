#include <catch2/catch.hpp>
#include <cstdio>

#include "base/prng.hpp"
#include "store/netcdf3/header.hpp"
#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

/// Fixed and record variables of every classic type, odd record sizes, attributes of each type.
void write_classic(const std::string& path, int mode, int record_variables) {
  int file = -1, time = -1, x = -1, length = -1;
  nc(nc_create(path.c_str(), mode | NC_CLOBBER, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 3, &x));
  nc(nc_def_dim(file, "length", 5, &length));
  nc(nc_put_att_text(file, NC_GLOBAL, "title", 5, "a b\0c"));
  const short shorts[3] = {1, -2, 3};
  nc(nc_put_att_short(file, NC_GLOBAL, "shorts", NC_SHORT, 3, shorts));
  const double one = 1.5;
  const nc_type types[5] = {NC_BYTE, NC_SHORT, NC_INT, NC_FLOAT, NC_DOUBLE};
  std::vector<int> fixed, records;
  for (int i = 0; i < 5; ++i) {
    int id = -1;
    nc(nc_def_var(file, ("fixed" + std::to_string(i)).c_str(), types[i], 1, &x, &id));
    nc(nc_put_att_double(file, id, "factor", types[i], 1, &one));
    fixed.push_back(id);
  }
  const int dims[2] = {time, x};
  for (int i = 0; i < record_variables; ++i) {
    int id = -1;
    nc(nc_def_var(file, ("record" + std::to_string(i)).c_str(), types[i], 2, dims, &id));
    records.push_back(id);
  }
  const int text_dims[2] = {x, length};
  int text = -1;
  nc(nc_def_var(file, "text", NC_CHAR, 2, text_dims, &text));
  nc(nc_enddef(file));
  const double values[3] = {4, -5, 6};
  for (const int id : fixed) nc(nc_put_var_double(file, id, values));
  for (std::size_t record = 0; record < 4; ++record) {
    const std::size_t start[2] = {record, 0}, count[2] = {1, 3};
    const double row[3] = {static_cast<double>(record), 10.0 + static_cast<double>(record), -1};
    for (const int id : records) nc(nc_put_vara_double(file, id, start, count, row));
  }
  nc(nc_put_var_text(file, text, "ab\0\0\0cdefg\0\0\0\0\0"));
  nc(nc_close(file));
}

}  // namespace

TEST_CASE("NetCDF-3 files of each version read as libnetcdf reads them") {
  const ScratchDirectory directory;
  const std::string path = directory.file("a.nc");
  const auto [mode, format] = GENERATE(table<int, std::string>({{0, "NetCDF-3 classic"},
                                                                {NC_64BIT_OFFSET, "NetCDF-3 64-bit offset"},
                                                                {NC_64BIT_DATA, "NetCDF-3 64-bit data"}}));
  // One byte record variable is the case without padding; with none there are no records.
  const int record_variables = GENERATE(0, 1, 2, 5);
  write_classic(path, mode, record_variables);
  const array::Catalogue catalogue = store::open_netcdf3(path);
  CHECK(catalogue.format == format);
  REQUIRE(catalogue.dims.size() == 2);
  CHECK(catalogue.dims[0].name == "time");
  CHECK(catalogue.dims[0].unlimited);
  CHECK(catalogue.dims[0].size == (record_variables == 0 ? 0 : 4));
  CHECK(identical(catalogue.attributes, {{"title", std::string("a bc")},
                                         {"shorts", NdArray::from(std::vector<std::int16_t>{1, -2, 3})}}));
  REQUIRE(catalogue.variables.size() == static_cast<std::size_t>(6 + record_variables));
  for (const auto& variable : catalogue.variables) {
    INFO(variable.name);
    if (variable.name == "text") {
      CHECK(variable.dims == std::vector<std::string>{"x"});
      CHECK(variable.strings.strings() == std::vector<std::string>{"ab", "cdefg", ""});
      continue;
    }
    CHECK(same_bytes(read_by_us(*variable.data), read_by_libnetcdf(path, *variable.data)));
  }
  CHECK(identical(variable_of(catalogue, "fixed3").attributes, {{"factor", NdArray::scalar(1.5f)}}));
}

TEST_CASE("the number of records of a stream follows from the file's size") {
  const ScratchDirectory directory;
  const std::string path = directory.file("stream.nc");
  write_classic(path, 0, 2);
  std::vector<char> bytes = contents(path);
  for (int i = 4; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = '\377';
  put_contents(path, bytes);
  CHECK(store::open_netcdf3(path).dims[0].size == 4);
}

TEST_CASE("a truncated NetCDF-3 file is an input error naming it") {
  const ScratchDirectory directory;
  const std::string path = directory.file("cut.nc");
  write_classic(path, NC_64BIT_OFFSET, 5);
  const std::vector<char> original = contents(path);
  for (std::size_t size = 0; size < original.size() - 4; ++size) {
    put_contents(path, {original.begin(), original.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK_THROWS_AS(store::open_netcdf3(path), InputError);
  }
  CHECK_THROWS_WITH(store::open_netcdf3(path), Catch::Contains(path));
}

TEST_CASE("a damaged NetCDF-3 header is an input error or is read within the file's bounds") {
  const ScratchDirectory directory;
  const std::string path = directory.file("damaged.nc");
  const int mode = GENERATE(0, NC_64BIT_OFFSET, NC_64BIT_DATA);
  write_classic(path, mode, 3);
  const std::vector<char> original = contents(path);
  Prng random(static_cast<std::uint64_t>(mode) + 3);
  int failed = 0, read = 0;
  for (int variant = 0; variant < 1000; ++variant) {
    std::vector<char> bytes = original;
    const std::uint64_t flips = 1 + random.below(3);
    for (std::uint64_t i = 0; i < flips; ++i)
      bytes[4 + random.below(original.size() - 4)] = static_cast<char>(random.chance(0.3) ? 0xff : random.next());
    put_contents(path, bytes);
    try {
      const array::Catalogue catalogue = store::open_netcdf3(path);
      for (const auto& variable : catalogue.variables) {
        if (!variable.data) continue;
        const auto values = static_cast<std::uint64_t>(element_count(variable.data->shape)) * size_of(variable.data->dtype);
        if (values > bytes.size() || (values != 0 && variable.data->offset > bytes.size())) FAIL("a variable beyond the file");
        read_by_us(*variable.data);
      }
      ++read;
    } catch (const InputError&) {
      ++failed;
    }
  }
  CHECK(failed > 100);
  CHECK(read > 100);
}
