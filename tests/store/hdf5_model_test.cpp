#include <hdf5.h>

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "store/hdf5/library_catalogue.hpp"
#include "store/netcdf_oracle.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

std::string text_of(const array::Attributes& attributes) {
  std::string text;
  for (const auto& [name, value] : attributes) {
    text += name + "=";
    if (const auto* one = std::get_if<std::string>(&value)) text += *one;
    else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) for (const auto& item : *list) text += item + "|";
    else {
      const NdArray& numbers = std::get<NdArray>(value);
      text += name_of(numbers.dtype());
      for (std::int64_t i = 0; i < numbers.size(); ++i) text += " " + std::to_string(numbers.as_double(i));
    }
    text += "\n";
  }
  return text;
}

/// All that a catalogue says of names, dims, types, attributes and texts.
std::string text_of(const array::Catalogue& catalogue) {
  std::string text = text_of(catalogue.attributes);
  for (const auto& dim : catalogue.dims)
    text += "dim " + dim.name + " " + std::to_string(dim.size) + (dim.unlimited ? " unlimited\n" : "\n");
  for (const auto& variable : catalogue.variables) {
    text += "variable " + variable.name + "(";
    for (const auto& dim : variable.dims) text += dim + ",";
    text += ") " + (variable.data ? name_of(variable.data->dtype) + format_tuple(variable.data->shape) : std::string("no numbers")) + "\n";
    text += text_of(variable.attributes);
    if (!variable.data && variable.note.empty())
      for (const auto& item : variable.strings.strings()) text += item + "|";
    text += variable.note.empty() ? "" : "noted\n";
  }
  for (const auto& group : catalogue.groups) text += "group " + group + "\n";
  return text;
}

/// The first line in which two texts differ.
std::string first_difference(const std::string& ours, const std::string& theirs) {
  std::istringstream a(ours), b(theirs);
  for (std::string x, y; a || b; x.clear(), y.clear()) {
    std::getline(a, x);
    std::getline(b, y);
    if (x != y) return "ours: " + x + "; theirs: " + y;
  }
  return "";
}

void check_against_library(const std::string& path, const std::string& group = "") {
  INFO(path << " " << group);
  const array::Catalogue ours = store::open_hdf5(path, group);
  CHECK(first_difference(text_of(ours), text_of(store::open_through_library(path, group, "test"))) == "");
  if (group.empty())
    for (const auto& below : ours.groups) check_against_library(path, below);
}

}  // namespace

TEST_CASE("the catalogue of real files is the one that libnetcdf gives") {
  const std::filesystem::path data = RANKINE_SHARED_DATA;
  if (!std::filesystem::exists(data / "climate")) {
    WARN("skipped: no real files at " << data.string());
    return;
  }
  int compared = 0;
  for (const char* folder : {"climate", "formats/netcdf"})
    for (const auto& entry : std::filesystem::directory_iterator(data / folder)) {
      FILE* file = std::fopen(entry.path().c_str(), "rb");
      std::vector<std::byte> head(store::format_probe_bytes);
      head.resize(std::fread(head.data(), 1, head.size(), file));
      std::fclose(file);
      if (!store::looks_like_hdf5(head)) continue;
      check_against_library(entry.path().string());
      ++compared;
    }
  CHECK(compared > 10);
}

TEST_CASE("groups, inherited dims, unlimited dims and coordinates of two dims read as libnetcdf reads them") {
  const ScratchDirectory directory;
  const std::string path = directory.file("groups.nc");
  int file = -1, time = -1, x = -1, upper = -1, lower = -1, v = -1, other = -1, own = -1, name = -1;
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_put_att_text(file, NC_GLOBAL, "title", 3, "abc"));
  nc(nc_def_dim(file, "time", NC_UNLIMITED, &time));
  nc(nc_def_dim(file, "x", 4, &x));
  nc(nc_def_var(file, "time", NC_DOUBLE, 1, &time, &v));
  nc(nc_def_grp(file, "a", &upper));
  nc(nc_def_grp(upper, "b", &lower));
  nc(nc_put_att_int(lower, NC_GLOBAL, "level", NC_INT, 1, &x));
  nc(nc_def_dim(lower, "y", NC_UNLIMITED, &own));
  const int dims[3] = {time, own, x}, twice[2] = {x, own};
  nc(nc_def_var(lower, "deep", NC_FLOAT, 3, dims, &other));
  nc(nc_def_var(lower, "y", NC_INT, 2, twice, &name));
  nc(nc_put_att_text(lower, other, "units", 1, "K"));
  nc(nc_enddef(file));
  const std::size_t start[3] = {4, 2, 0}, count[3] = {1, 1, 4};
  const float values[4] = {1, 2, 3, 4};
  nc(nc_put_vara_float(lower, other, start, count, values));
  nc(nc_close(file));
  check_against_library(path);
  const array::Catalogue root = store::open_hdf5(path);
  CHECK(root.groups == std::vector<std::string>{"a", "a/b"});
  CHECK(root.dims[0].size == 5);
  CHECK(root.variables[0].data->shape == Shape{5});
  const array::Catalogue group = store::open_hdf5(path, "/a/b/");
  CHECK(same_bytes(read_by_us(*variable_of(group, "deep").data), [&] {
    NdArray all(DType::float32, {5, 3, 4});
    int id = -1, grp = -1, f = -1;
    nc(nc_open(path.c_str(), NC_NOWRITE, &f));
    nc(nc_inq_grp_full_ncid(f, "/a/b", &grp));
    nc(nc_inq_varid(grp, "deep", &id));
    nc(nc_get_var(grp, id, all.raw()));
    nc(nc_close(f));
    return all;
  }()));
  CHECK_THROWS_WITH(store::open_hdf5(path, "a/c"), "cannot open group 'a/c' of " + path + ": its groups are a, a/b");
}

TEST_CASE("plain HDF5 without scales has libnetcdf's phony dims; what it drops without a word has a note here") {
  const ScratchDirectory directory;
  const std::string path = directory.file("plain.h5");
  hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto dataset = [&](hid_t where, const char* name, hid_t type, std::vector<hsize_t> shape) {
    const hid_t space = shape.empty() ? H5Screate(H5S_NULL) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t id = H5Dcreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    REQUIRE(id >= 0);
    H5Dclose(id);
    H5Sclose(space);
  };
  dataset(file, "square", H5T_IEEE_F32LE, {4, 4});
  dataset(file, "line", H5T_STD_I16BE, {3});
  const hid_t group = H5Gcreate2(file, "inner", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  dataset(group, "first", H5T_IEEE_F64LE, {6});
  H5Gclose(group);
  H5Fclose(file);
  check_against_library(path);
  file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t compound = H5Tcreate(H5T_COMPOUND, 8), opaque = H5Tcreate(H5T_OPAQUE, 3), list = H5Tvlen_create(H5T_STD_I32LE);
  H5Tinsert(compound, "a", 0, H5T_STD_I64LE);
  dataset(file, "a_compound", compound, {4});
  dataset(file, "a_list", list, {2});
  dataset(file, "an_opaque", opaque, {4});
  dataset(file, "nothing", H5T_IEEE_F32LE, {});
  dataset(file, "a_bitfield", H5T_STD_B16LE, {2});
  H5Lcreate_external("other.nc", "/group/v", file, "elsewhere", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/nowhere", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/inner/first", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_hard(file, "/", file, "inner/up", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);
  H5Tclose(compound);
  H5Tclose(opaque);
  H5Tclose(list);
  const array::Catalogue catalogue = store::open_hdf5(path);
  std::map<std::string, std::string> notes;
  for (const auto& variable : catalogue.variables) notes[variable.name] = variable.note;
  CHECK(notes == std::map<std::string, std::string>{{"a_bitfield", "bit fields are not supported"},
                                                    {"a_compound", "compound types are not supported"},
                                                    {"a_list", "variable-length types are not supported"},
                                                    {"an_opaque", "opaque types are not supported"},
                                                    {"elsewhere", "a link into another file is not followed; open other.nc:/group/v"},
                                                    {"line", ""},
                                                    {"nothing", "it has a type and no data (null dataspace)"},
                                                    {"soft", ""},
                                                    {"square", ""}});
  CHECK(variable_of(catalogue, "soft").data->shape == Shape{6});
}

TEST_CASE("texts of fixed and variable length, scalar, chunked and compressed, read with the catalogue") {
  const ScratchDirectory directory;
  const std::string path = directory.file("texts.nc");
  int file = -1, x = -1, n = -1, many = -1, one = -1, codes = -1, dims[2];
  nc(nc_create(path.c_str(), NC_NETCDF4, &file));
  nc(nc_def_dim(file, "x", NC_UNLIMITED, &x));
  nc(nc_def_dim(file, "n", 6, &n));
  nc(nc_def_var(file, "many", NC_STRING, 1, &x, &many));
  nc(nc_def_var(file, "one", NC_STRING, 0, nullptr, &one));
  dims[0] = x;
  dims[1] = n;
  nc(nc_def_var(file, "codes", NC_CHAR, 2, dims, &codes));
  nc(nc_def_var_deflate(file, codes, 1, 1, 3));
  nc(nc_enddef(file));
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string text = "station " + std::string(i % 50, 'x') + std::to_string(i);
    const char* pointer = text.c_str();
    nc(nc_put_var1_string(file, many, &i, &pointer));
  }
  const char* lone = "alone \303\274";
  nc(nc_put_var_string(file, one, &lone));
  const std::size_t start[2] = {3, 0}, count[2] = {2, 6};
  nc(nc_put_vara_text(file, codes, start, count, "abc\0\0\0abcdef"));
  nc(nc_close(file));
  check_against_library(path);
  const array::Catalogue catalogue = store::open_hdf5(path);
  CHECK(variable_of(catalogue, "many").strings.strings()[2999] == "station " + std::string(49, 'x') + "2999");
  CHECK(variable_of(catalogue, "codes").strings.strings()[4] == "abcdef");
}
