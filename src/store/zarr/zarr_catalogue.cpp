#include <algorithm>
#include <cctype>
#include <filesystem>
#include <unordered_map>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/zarr/array_metadata.hpp"
#include "store/zarr/zarr_fill.hpp"
#include "store/zarr/zarr_store.hpp"
#include "store/zarr/zarr_strings.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

// What describes one array: v2's .zarray and .zattrs, or v3's zarr.json with both.
struct Documents {
  Json array;
  Json attributes = Json::object();
};
using Arrays = std::map<std::string, Documents>;

struct Group {
  int version = 2;
  Arrays arrays;       ///< those of the group itself; those of nested groups are not its variables
  Json attributes = Json::object();
  std::vector<std::string> groups;   ///< below it, depth first
};

std::string joined(const std::string& group, const std::string& name) { return group.empty() ? name : group + "/" + name; }

Json object_or_empty(const Json& json, const std::string& where) {
  if (json.is_null()) return Json::object();
  if (!json.is_object()) throw InputError("cannot read " + where + ": it holds no object");
  return json;
}

Json attributes_in(const ZarrStore& store, const std::string& key) {
  const std::string path = joined(key, ".zattrs");
  return store.contains(path) ? object_or_empty(store.json(path), store.full_path(path)) : Json::object();
}

// Attributes are read with "name" for both versions; a v3 document holds them itself.
Documents v3_documents(Json json, const std::string& where) {
  Documents documents;
  documents.attributes = object_or_empty(json.is_object() ? json.value("attributes", Json()) : Json(), where);
  documents.array = std::move(json);
  return documents;
}

bool is_v3_array(const Json& json) { return json.is_object() && json.value("node_type", Json()) == "array"; }

// .zmetadata holds every document under its key.
std::optional<Group> consolidated_v2(const ZarrStore& store, const std::string& group) {
  const std::string where = store.full_path(".zmetadata");
  const Json json = store.json(".zmetadata");
  const Json& metadata = member_of(json, "metadata", where);
  if (!metadata.is_object()) throw InputError("cannot read " + where + ": 'metadata' is no object");
  Group found;
  bool is_there = group.empty();
  const std::string prefix = group.empty() ? "" : group + "/";
  for (const auto& [full_key, value] : metadata.items()) {
    if (!full_key.starts_with(prefix)) continue;
    const std::string key = full_key.substr(prefix.size());
    if (key == ".zgroup") is_there = true;
    if (key.ends_with("/.zgroup")) found.groups.push_back(key.substr(0, key.size() - 8));
    if (key == ".zattrs") found.attributes = object_or_empty(value, where);
    const auto slash = key.find('/');
    if (slash == std::string::npos || key.find('/', slash + 1) != std::string::npos) continue;
    const std::string name = key.substr(0, slash);
    if (key.substr(slash + 1) == ".zarray") found.arrays[name].array = value;
    if (key.substr(slash + 1) == ".zattrs") found.arrays[name].attributes = object_or_empty(value, where);
  }
  std::erase_if(found.arrays, [](const auto& entry) { return entry.second.array.is_null(); });
  if (!is_there && found.arrays.empty()) return std::nullopt;
  std::sort(found.groups.begin(), found.groups.end());
  return found;
}

// Groups below `group`; arrays are not descended into, nor are links that lead back followed for ever.
void list_groups(const ZarrStore& store, const std::string& group, const std::string& prefix, const char* document,
                 std::vector<std::string>& names) {
  constexpr std::ptrdiff_t deepest = 16;
  constexpr std::size_t most_groups = 10'000;
  if (std::count(prefix.begin(), prefix.end(), '/') > deepest) return;
  for (const std::string& name : store.children(group)) {
    if (names.size() >= most_groups) return;
    const std::string key = joined(group, name);
    if (!store.contains(joined(key, document))) continue;
    if (std::string(document) == "zarr.json" && store.json(joined(key, document)).value("node_type", Json()) != "group") continue;
    names.push_back(prefix + name);
    list_groups(store, key, prefix + name + "/", document, names);
  }
}

Group walked_v2(const ZarrStore& store, const std::string& group) {
  Group found;
  found.attributes = attributes_in(store, group);
  for (const std::string& name : store.children(group)) {
    const std::string key = joined(group, name);
    if (store.contains(key + "/.zarray")) found.arrays[name] = {store.json(key + "/.zarray"), attributes_in(store, key)};
  }
  list_groups(store, group, "", ".zgroup", found.groups);
  return found;
}

// The root's zarr.json may hold those of all that is below it, by path.
std::optional<Group> consolidated_v3(const ZarrStore& store, const std::string& group, const Json& root) {
  const Json consolidated = root.value("consolidated_metadata", Json());
  if (!consolidated.is_object() || consolidated.value("kind", Json()) != "inline") return std::nullopt;
  const std::string where = store.full_path("zarr.json");
  const Json& metadata = member_of(consolidated, "metadata", where);
  if (!metadata.is_object()) throw InputError("cannot read " + where + ": 'metadata' is no object");
  Group found;
  found.version = 3;
  if (group.empty()) {
    found.attributes = object_or_empty(root.value("attributes", Json()), where);
  } else {
    const auto own = metadata.find(group);
    if (own == metadata.end() || !own->is_object()) return std::nullopt;
    found.attributes = object_or_empty(own->value("attributes", Json()), where);
  }
  const std::string prefix = group.empty() ? "" : group + "/";
  for (const auto& [key, value] : metadata.items()) {
    if (!key.starts_with(prefix) || key.size() == prefix.size()) continue;
    if (!is_v3_array(value)) found.groups.push_back(key.substr(prefix.size()));
    if (key.find('/', prefix.size()) != std::string::npos) continue;
    if (is_v3_array(value)) found.arrays[key.substr(prefix.size())] = v3_documents(value, where);
  }
  std::sort(found.groups.begin(), found.groups.end());
  return found;
}

Group walked_v3(const ZarrStore& store, const std::string& group) {
  Group found;
  found.version = 3;
  const std::string own = joined(group, "zarr.json");
  found.attributes = object_or_empty(store.json(own).value("attributes", Json()), store.full_path(own));
  for (const std::string& name : store.children(group)) {
    const std::string key = joined(group, name) + "/zarr.json";
    if (!store.contains(key)) continue;
    Json json = store.json(key);
    if (is_v3_array(json)) found.arrays[name] = v3_documents(std::move(json), store.full_path(key));
  }
  list_groups(store, group, "", "zarr.json", found.groups);
  return found;
}

[[noreturn]] void no_such_group(const ZarrStore& store, const std::string& group) {
  throw InputError("cannot open " + store.path() + ": it has no group '" + group + "'");
}

Group read_group(const ZarrStore& store, const std::string& group, bool consolidated) {
  if (store.contains("zarr.json")) {
    const Json root = store.json("zarr.json");
    if (!root.is_object()) throw InputError("cannot read " + store.full_path("zarr.json") + ": it holds no object");
    if (consolidated)
      if (auto found = consolidated_v3(store, group, root)) return *std::move(found);
  } else if (consolidated && store.contains(".zmetadata")) {
    if (auto found = consolidated_v2(store, group)) return *std::move(found);
    no_such_group(store, group);
  }
  if (store.contains(joined(group, "zarr.json"))) return walked_v3(store, group);
  if (!store.contains(joined(group, ".zgroup"))) no_such_group(store, group);
  return walked_v2(store, group);
}

// xarray gives v2's fill value as an attribute; in v3 the attribute stands by itself.
void add_fill_attribute(const ZarrArray& array, int version, const Json& written, array::Attributes& attributes,
                        const std::string& where) {
  if (!array.note.empty()) return;
  const bool is_number = array.elements == ZarrArray::Elements::numbers;
  if (version == 3) {
    const auto json = written.find("_FillValue");
    if (json == written.end() || !is_number) return;
    const auto base64 = is_float(array.stored.dtype) ? fill_attribute_from_json(*json) : std::nullopt;
    const auto fill = number_fill(array, base64 ? json_of_double(*base64) : *json, where);
    NdArray value(array.stored.dtype, {});
    std::copy_n(fill.begin(), size_of(array.stored.dtype), value.raw());
    attributes.set("_FillValue", std::move(value));
    return;
  }
  if (!array.has_fill) return;
  if (!is_number) {
    attributes.set("_FillValue", array.text_fill);
    return;
  }
  NdArray value(array.stored.dtype, {});
  std::copy_n(array.stored.fill.begin(), size_of(array.stored.dtype), value.raw());
  attributes.set("_FillValue", std::move(value));
}

// netcdf-c keeps its own metadata among the attributes; xarray hides them too.
bool is_netcdf_c_attribute(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.starts_with("_nc");
}

// Bytes of any length are texts of bytes, as long as the longest.
std::string bytes_dtype_of(const NdArray& strings) {
  std::size_t longest = 1;
  for (const std::string& text : strings.strings()) longest = std::max(longest, text.size());
  return "|S" + std::to_string(longest);
}

class CatalogueBuilder {
 public:
  CatalogueBuilder(const ZarrStore& store, int version) : store_(store), version_(version) {
    catalogue_.path = store.path();
    catalogue_.format = "Zarr v" + std::to_string(version);
  }

  void add_attributes(const Json& attributes) {
    for (const auto& [name, value] : attributes.items())
      if (!is_netcdf_c_attribute(name)) catalogue_.attributes.set(name, attribute_of(value));
  }

  void add_groups(const std::vector<std::string>& groups) { catalogue_.groups = groups; }

  void add(const std::string& name, const std::string& key, const Documents& documents) {
    const std::string where = store_.full_path(joined(key, version_ == 3 ? "zarr.json" : ".zarray"));
    ZarrArray array = version_ == 3 ? parse_v3_array(documents.array, where) : parse_zarray(documents.array, where);
    array.stored.path = store_.full_path(key);
    array.stored.variable = name;
    array.stored.zarr.archive = store_.archive();
    const FileStamp stamp = store_.stamp_of_document(joined(key, array.stored.zarr.metadata));
    array.stored.file_mtime_ns = stamp.mtime_ns;
    if (!store_.archive().empty()) array.stored.file_size = stamp.size;
    array::StoredVariable variable;
    variable.name = name;
    variable.note = array.note;
    variable.dims = dims_of(name, array, documents, where);
    for (const auto& [attribute, value] : documents.attributes.items())
      if (attribute != "_ARRAY_DIMENSIONS" && !is_netcdf_c_attribute(attribute))
        variable.attributes.set(attribute, attribute_of(value));
    add_fill_attribute(array, version_, documents.attributes, variable.attributes, where);
    variable.encoding = array.encoding;
    if (array.note.empty() && array.elements == ZarrArray::Elements::numbers)
      variable.data = std::make_shared<array::StoredArray>(array.stored);
    else if (array.note.empty())
      variable.strings = read_zarr_strings(array);
    if (array.is_bytes && array.note.empty()) variable.encoding.set("dtype", bytes_dtype_of(variable.strings));
    catalogue_.variables.push_back(std::move(variable));
  }

  array::Catalogue take() { return std::move(catalogue_); }

 private:
  // dimension_names (v3), _ARRAY_DIMENSIONS (xarray's convention), or netcdf-c's references to dims by path.
  static Json named_dims(const Documents& documents) {
    if (const Json names = documents.array.value("dimension_names", Json()); names.is_array()) return names;
    if (documents.attributes.contains("_ARRAY_DIMENSIONS")) return documents.attributes.at("_ARRAY_DIMENSIONS");
    for (const Json* place : {&documents.array, &documents.attributes}) {
      for (const auto& [key, value] : place->items()) {
        std::string lower = key;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (lower != "_nczarr_array" || !value.is_object()) continue;
        const Json references = value.value("dimrefs", value.value("dimension_references", Json()));
        if (!references.is_array()) continue;
        Json names = Json::array();
        for (const Json& reference : references) {
          const std::string path = reference.is_string() ? reference.get<std::string>() : "";
          names.push_back(path.substr(path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1));
        }
        return names;
      }
    }
    return {};
  }

  std::vector<std::string> dims_of(const std::string& name, ZarrArray& array, const Documents& documents,
                                   const std::string& where) {
    Shape& shape = array.stored.shape;
    Json named = named_dims(documents);
    if (named.is_array() && named.empty() && shape == Shape{1}) {
      // netcdf-c stores a scalar as one element; its chunk has the same key.
      shape.clear();
      array.stored.chunk_shape.clear();
      array.encoding.set("chunks", NdArray(DType::int64, {0}));
    }
    if (!named.is_null() && (!named.is_array() || named.size() != shape.size()))
      throw InputError("cannot read " + where + ": the names of its dims do not fit its " + std::to_string(shape.size()) + " dims");
    std::vector<std::string> dims;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (named.is_array() && named[axis].is_string()) {
        dims.push_back(named[axis].get<std::string>());
      } else if (named.is_null() || named[axis].is_null()) {
        dims.push_back("dim_" + std::to_string(axis));
        const auto* other = find_dim(dims.back());
        if (other && other->size != shape[axis]) dims.back() = name + "_" + dims.back();
      } else {
        throw InputError("cannot read " + where + ": the names of its dims are no texts");
      }
      const auto* known = find_dim(dims[axis]);
      if (!known) {
        dim_numbers_.emplace(dims[axis], catalogue_.dims.size());
        catalogue_.dims.push_back({dims[axis], shape[axis], false});
      } else if (known->size != shape[axis]) {
        throw InputError("cannot read " + where + ": dim '" + dims[axis] + "' has " + std::to_string(shape[axis]) +
                         " elements here and " + std::to_string(known->size) + " in another array of the group");
      }
    }
    return dims;
  }

  const array::StoredDim* find_dim(const std::string& name) const {
    const auto found = dim_numbers_.find(name);
    return found == dim_numbers_.end() ? nullptr : &catalogue_.dims[found->second];
  }

  const ZarrStore& store_;
  int version_;
  array::Catalogue catalogue_;
  std::unordered_map<std::string, std::size_t> dim_numbers_;   ///< stores may hold tens of thousands of arrays
};

std::string name_of_store(const std::string& path) {
  fs::path directory = fs::path(path).lexically_normal();
  if (directory.filename().empty()) directory = directory.parent_path();
  const std::string stem = directory.stem().string();
  return stem.empty() || stem == "." ? "array" : stem;
}

}  // namespace

bool looks_like_zarr(const std::string& directory) {
  std::error_code error;
  for (const char* name : {".zgroup", ".zarray", ".zmetadata", "zarr.json"})
    if (fs::exists(directory + "/" + name, error)) return true;
  return false;
}

bool has_zarr_group(const std::string& path, const std::string& group) {
  const std::string normal = normal_group(group);
  return looks_like_zarr(normal.empty() ? path : path + "/" + normal);
}

array::Catalogue open_zarr(const std::string& given_path, const std::string& given_group, bool consolidated) {
  std::string path = given_path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::string group = normal_group(given_group);
  try {
    const auto store = open_zarr_store(path);
    // A single array, at the root or where the group is expected.
    const std::string v2_array = joined(group, ".zarray");
    const std::string v3_node = joined(group, "zarr.json");
    const std::string array_name = name_of_store(group.empty() ? path : group);
    if (store->contains(v2_array)) {
      CatalogueBuilder builder(*store, 2);
      builder.add(array_name, group, {store->json(v2_array), attributes_in(*store, group)});
      return builder.take();
    }
    if (store->contains(v3_node)) {
      Json json = store->json(v3_node);
      if (is_v3_array(json)) {
        CatalogueBuilder builder(*store, 3);
        builder.add(array_name, group, v3_documents(std::move(json), store->full_path(v3_node)));
        return builder.take();
      }
    }
    const Group found = read_group(*store, group, consolidated);
    CatalogueBuilder builder(*store, found.version);
    builder.add_attributes(found.attributes);
    builder.add_groups(found.groups);
    for (const auto& [name, documents] : found.arrays) builder.add(name, joined(group, name), documents);
    return builder.take();
  } catch (const nlohmann::json::exception& error) {
    throw InputError("cannot read the metadata of " + path + ": " + error.what());
  }
}

}  // namespace rankine::store
