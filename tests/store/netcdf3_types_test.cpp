#include <catch2/catch.hpp>

#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

void check_against_library(const std::string& path, std::size_t variables) {
  const array::Catalogue catalogue = store::open_netcdf3(path);
  std::size_t compared = 0;
  for (const auto& variable : catalogue.variables) {
    INFO(variable.name);
    if (!variable.data) continue;
    const NdArray ours = read_by_us(*variable.data);
    CHECK(same_bytes(ours, read_by_libnetcdf(path, *variable.data)));
    ++compared;
  }
  CHECK(compared == variables);
}

}  // namespace

TEST_CASE("each type of CDF-5 reads as libnetcdf reads it: fixed, along records, scalar, empty") {
  const ScratchDirectory directory;
  const std::string path = directory.file("five.nc");
  const nc_type types[] = {NC_BYTE, NC_SHORT, NC_INT, NC_FLOAT, NC_DOUBLE, NC_UBYTE, NC_USHORT, NC_UINT, NC_INT64, NC_UINT64};
  int file = -1, time = -1, x = -1;
  nc(nc_create(path.c_str(), NC_64BIT_DATA, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 3, &x));
  const int dims[2] = {time, x};
  std::vector<int> ids[3];
  for (const nc_type type : types)
    for (int kind = 0; kind < 3; ++kind) {
      int id = -1;
      nc(nc_def_var(file, ("v" + std::to_string(kind) + "_" + std::to_string(type)).c_str(), type, kind, kind == 1 ? &x : dims, &id));
      ids[kind].push_back(id);
    }
  nc(nc_enddef(file));
  const double row[3] = {1, 100, 2};
  for (const int id : ids[0]) nc(nc_put_var_double(file, id, row));
  for (const int id : ids[1]) nc(nc_put_var_double(file, id, row));
  SECTION("with records") {
    const std::size_t start[2] = {2, 0}, count[2] = {1, 3};  // the two before have the fill value
    for (const int id : ids[2]) nc(nc_put_vara_double(file, id, start, count, row));
  }
  SECTION("without a record") {}
  nc(nc_close(file));
  check_against_library(path, 30);
}

TEST_CASE("a lone record variable of any type has no padding between its records, two have") {
  const ScratchDirectory directory;
  const int variables = GENERATE(1, 2), mode = GENERATE(0, NC_64BIT_OFFSET, NC_64BIT_DATA);
  const nc_type type = GENERATE(NC_BYTE, NC_SHORT, NC_CHAR);
  const std::string path = directory.file("odd.nc");
  int file = -1, time = -1, x = -1;
  nc(nc_create(path.c_str(), mode | NC_CLOBBER, &file));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 3, &x));
  const int dims[2] = {time, x};
  std::vector<int> ids;
  for (int i = 0; i < variables; ++i) {
    int id = -1;
    nc(nc_def_var(file, ("v" + std::to_string(i)).c_str(), type, 2, dims, &id));
    ids.push_back(id);
  }
  nc(nc_enddef(file));
  for (std::size_t record = 0; record < 5; ++record) {
    const std::size_t start[2] = {record, 0}, count[2] = {1, 3};
    for (const int id : ids) {
      if (type == NC_CHAR) {
        nc(nc_put_vara_text(file, id, start, count, ("ab" + std::to_string(record)).c_str()));
      } else {
        const short values[3] = {static_cast<short>(record), static_cast<short>(id), 7};
        nc(nc_put_vara_short(file, id, start, count, values));
      }
    }
  }
  nc(nc_close(file));
  check_against_library(path, type == NC_CHAR ? 0 : static_cast<std::size_t>(variables));
  if (type == NC_CHAR)
    CHECK(store::open_netcdf3(path).variables.back().strings.strings() == std::vector<std::string>{"ab0", "ab1", "ab2", "ab3", "ab4"});
}

TEST_CASE("data behind 2 GiB and 4 GiB read, fixed and along records") {
  const ScratchDirectory directory;
  const int mode = GENERATE(NC_64BIT_OFFSET, NC_64BIT_DATA);
  const std::string path = directory.file("large.nc");
  int file = -1, time = -1, many = -1, wide = -1, first = -1, second = -1, third = -1, fill = 0;
  nc(nc_create(path.c_str(), mode | NC_CLOBBER, &file));
  nc(nc_set_fill(file, NC_NOFILL, &fill));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "many", 700'000'000, &many));
  nc(nc_def_dim(file, "wide", 300'000'000, &wide));
  nc(nc_def_var(file, "first", NC_INT, 1, &many, &first));
  const int dims[2] = {time, wide};
  nc(nc_def_var(file, "second", NC_FLOAT, 1, &wide, &second));
  nc(nc_def_var(file, "third", NC_DOUBLE, 2, dims, &third));
  nc(nc_enddef(file));
  // The file is sparse: only a few pages of it are ever stored.
  const std::size_t behind_two = 600'000'000, behind_four = 299'999'999, record[2] = {1, 299'999'998};
  const int one = 41;
  const float two = 42;
  const double three = 43;
  nc(nc_put_var1_int(file, first, &behind_two, &one));
  nc(nc_put_var1_float(file, second, &behind_four, &two));
  nc(nc_put_var1_double(file, third, record, &three));
  nc(nc_close(file));
  const array::Catalogue catalogue = store::open_catalogue(path);
  store::Reader reader;
  const auto read = [&](const char* name, Box box) { return reader.read(*variable_of(catalogue, name).data, box); };
  CHECK(read("first", {{600'000'000}, {600'000'001}}).as_double(0) == 41);
  CHECK(read("second", {{299'999'999}, {300'000'000}}).as_double(0) == 42);
  CHECK(read("third", {{1, 299'999'998}, {2, 299'999'999}}).as_double(0) == 43);
  CHECK(variable_of(catalogue, "third").data->shape == Shape{2, 300'000'000});
}
