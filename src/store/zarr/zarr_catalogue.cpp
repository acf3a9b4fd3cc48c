#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/zarr/array_metadata.hpp"
#include "store/zarr/zarr_strings.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

struct Documents {
  Json zarray;
  Json zattrs = Json::object();
};

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Json object_or_empty(const Json& json, const std::string& where) {
  if (json.is_null()) return Json::object();
  if (!json.is_object()) throw InputError("cannot read " + where + ": it holds no object");
  return json;
}

Json attributes_in(const std::string& directory) {
  const std::string path = directory + "/.zattrs";
  return exists(path) ? object_or_empty(read_json(path), path) : Json::object();
}

// All arrays of the group itself; those of nested groups are not its variables.
std::map<std::string, Documents> arrays_from_metadata(const Json& metadata, const std::string& where, Json& attributes) {
  std::map<std::string, Documents> arrays;
  for (const auto& [key, value] : metadata.items()) {
    const auto slash = key.find('/');
    if (key == ".zattrs") attributes = object_or_empty(value, where);
    if (slash == std::string::npos || key.find('/', slash + 1) != std::string::npos) continue;
    const std::string name = key.substr(0, slash);
    if (key.substr(slash + 1) == ".zarray") arrays[name].zarray = value;
    if (key.substr(slash + 1) == ".zattrs") arrays[name].zattrs = object_or_empty(value, where);
  }
  std::erase_if(arrays, [](const auto& entry) { return entry.second.zarray.is_null(); });
  return arrays;
}

std::map<std::string, Documents> arrays_from_directory(const std::string& path) {
  std::map<std::string, Documents> arrays;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string directory = entry.path().string();
    if (!exists(directory + "/.zarray")) continue;
    arrays[entry.path().filename().string()] = {read_json(directory + "/.zarray"), attributes_in(directory)};
  }
  if (error) throw InputError("cannot read " + path + ": " + error.message());
  return arrays;
}

// xarray gives the fill value as an attribute.
void add_fill_attribute(const ZarrArray& array, array::Attributes& attributes) {
  if (!array.has_fill || !array.note.empty()) return;
  if (array.elements != ZarrArray::Elements::numbers) {
    attributes.set("_FillValue", array.text_fill);
    return;
  }
  NdArray value(array.stored.dtype, {});
  std::copy_n(array.stored.fill.begin(), size_of(array.stored.dtype), value.raw());
  attributes.set("_FillValue", std::move(value));
}

class CatalogueBuilder {
 public:
  explicit CatalogueBuilder(const std::string& path) {
    catalogue_.path = path;
    catalogue_.format = "Zarr v2";
  }

  void add_attributes(const Json& attributes) {
    for (const auto& [name, value] : attributes.items()) catalogue_.attributes.set(name, attribute_of(value));
  }

  void add(const std::string& name, const std::string& directory, const Documents& documents) {
    const std::string where = directory + "/.zarray";
    ZarrArray array = parse_zarray(documents.zarray, where);
    array.stored.path = directory;
    array.stored.variable = name;
    array::StoredVariable variable;
    variable.name = name;
    variable.note = array.note;
    variable.dims = dims_of(name, array.stored.shape, documents.zattrs, directory + "/.zattrs");
    for (const auto& [key, value] : documents.zattrs.items())
      if (key != "_ARRAY_DIMENSIONS") variable.attributes.set(key, attribute_of(value));
    add_fill_attribute(array, variable.attributes);
    variable.encoding = array.encoding;
    if (array.note.empty() && array.elements == ZarrArray::Elements::numbers)
      variable.data = std::make_shared<array::StoredArray>(array.stored);
    else if (array.note.empty())
      variable.strings = read_zarr_strings(array);
    catalogue_.variables.push_back(std::move(variable));
  }

  array::Catalogue take() { return std::move(catalogue_); }

 private:
  std::vector<std::string> dims_of(const std::string& name, const Shape& shape, const Json& attributes,
                                   const std::string& where) {
    std::vector<std::string> dims;
    const auto named = attributes.find("_ARRAY_DIMENSIONS");
    if (named != attributes.end()) {
      if (!named->is_array() || named->size() != shape.size())
        throw InputError("cannot read " + where + ": _ARRAY_DIMENSIONS does not name the array's " +
                         std::to_string(shape.size()) + " dims");
      for (const Json& dim : *named) {
        if (!dim.is_string()) throw InputError("cannot read " + where + ": _ARRAY_DIMENSIONS holds no names");
        dims.push_back(dim.get<std::string>());
      }
    }
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (named == attributes.end()) {
        dims.push_back("dim_" + std::to_string(axis));
        const auto* other = find_dim(dims.back());
        if (other && other->size != shape[axis]) dims.back() = name + "_" + dims.back();
      }
      const auto* known = find_dim(dims[axis]);
      if (!known)
        catalogue_.dims.push_back({dims[axis], shape[axis], false});
      else if (known->size != shape[axis])
        throw InputError("cannot read " + where + ": dim '" + dims[axis] + "' has " + std::to_string(shape[axis]) +
                         " elements here and " + std::to_string(known->size) + " in another array of the group");
    }
    return dims;
  }

  const array::StoredDim* find_dim(const std::string& name) const {
    for (const auto& dim : catalogue_.dims)
      if (dim.name == name) return &dim;
    return nullptr;
  }

  array::Catalogue catalogue_;
};

std::string name_of_store(const std::string& path) {
  fs::path directory = fs::path(path).lexically_normal();
  if (directory.filename().empty()) directory = directory.parent_path();
  const std::string stem = directory.stem().string();
  return stem.empty() || stem == "." ? "array" : stem;
}

}  // namespace

bool looks_like_zarr(const std::string& directory) {
  return exists(directory + "/.zgroup") || exists(directory + "/.zarray") || exists(directory + "/.zmetadata");
}

array::Catalogue open_zarr(const std::string& given_path) {
  std::string path = given_path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  CatalogueBuilder builder(path);
  try {
    if (exists(path + "/.zarray")) {
      const Documents documents{read_json(path + "/.zarray"), attributes_in(path)};
      builder.add(name_of_store(path), path, documents);
      return builder.take();
    }
    const std::string consolidated = path + "/.zmetadata";
    std::map<std::string, Documents> arrays;
    Json attributes = Json::object();
    if (exists(consolidated)) {
      const Json json = read_json(consolidated);
      if (!json.is_object() || !json.contains("metadata") || !json.at("metadata").is_object())
        throw InputError("cannot read " + consolidated + ": 'metadata' is missing");
      arrays = arrays_from_metadata(json.at("metadata"), consolidated, attributes);
    } else {
      attributes = attributes_in(path);
      arrays = arrays_from_directory(path);
    }
    builder.add_attributes(attributes);
    for (const auto& [name, documents] : arrays) builder.add(name, path + "/" + name, documents);
  } catch (const nlohmann::json::exception& error) {
    throw InputError("cannot read the metadata of " + path + ": " + error.what());
  }
  return builder.take();
}

}  // namespace rankine::store
