#include "store/zarr/zarr_documents.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/error.hpp"
#include "store/output_target.hpp"
#include "store/zarr/array_metadata.hpp"
#include "store/zarr/zarr_fill.hpp"
#include "store/zarr/zarr_store.hpp"
#include "store/zarr/zarr_strings.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

bool is_v3(const array::OutputSpec& spec) { return spec.format == array::OutputFormat::zarr3; }

Json json_of_attributes(const array::Attributes& attributes) {
  Json json = Json::object();
  for (const auto& [name, value] : attributes) json[name] = json_of(value);
  return json;
}

void write_text(const std::string& path, const std::string& text, const std::string& output) {
  write_file(path, std::as_bytes(std::span(text)), "cannot create " + output);
}

Json v3_group(const Json& attributes) {
  return {{"zarr_format", 3}, {"node_type", "group"}, {"attributes", attributes}};
}

// Calls f(key) for the group "" and every group and array below it, parents first. Links that lead back end somewhere.
template <typename F>
void walk(const ZarrStore& store, const std::string& key, F&& f) {
  constexpr std::ptrdiff_t deepest = 16;
  if (std::count(key.begin(), key.end(), '/') > deepest) return;
  f(key);
  const std::string prefix = key.empty() ? "" : key + "/";
  if (store.contains(prefix + ".zarray")) return;
  if (store.contains(prefix + "zarr.json") && store.json(prefix + "zarr.json").value("node_type", Json()) != "group") return;
  for (const std::string& name : store.children(key)) {
    const std::string child = prefix + name;
    if (store.contains(child + "/.zgroup") || store.contains(child + "/.zarray") || store.contains(child + "/zarr.json"))
      walk(store, child, f);
  }
}

void replace_file(const std::string& path, const std::string& text, const std::string& scratch) {
  const std::string partial = scratch + "/.consolidated-" + place::unguessable_name();
  write_text(partial, text, path);
  std::error_code error;
  fs::rename(partial, path, error);
  if (error) throw OutputError("cannot replace " + path + ": " + error.message());
}

}  // namespace

std::string zarr_group_directory(const array::OutputSpec& spec) {
  const std::string group = normal_group(spec.group);
  return group.empty() ? spec.path : spec.path + "/" + group;
}

Json group_attributes(const array::OutputSpec& spec) { return json_of_attributes(spec.attributes); }

Json variable_attributes(const array::OutputSpec& spec, const array::OutputVariable& variable) {
  Json json = json_of_attributes(variable.attributes);
  if (!is_v3(spec)) {
    json["_ARRAY_DIMENSIONS"] = variable.dims;
  } else if (variable.fill && variable.dtype != DType::string) {
    // As xarray writes it: there the array's own fill value does not mark missing data.
    json["_FillValue"] = is_float(variable.dtype) ? fill_attribute_to_json(variable.fill->as_double(0)) : fill_to_json(*variable.fill);
  }
  return json;
}

void write_group_documents(const array::OutputSpec& spec, const std::string& directory) {
  const Json attributes = group_attributes(spec);
  if (is_v3(spec)) return write_text(directory + "/zarr.json", format_json(v3_group(attributes)), spec.path);
  write_text(directory + "/.zattrs", format_json(attributes), spec.path);
  write_text(directory + "/.zgroup", format_json({{"zarr_format", 2}}), spec.path);
}

void write_array_documents(const array::OutputSpec& spec, const array::OutputVariable& variable,
                           const std::string& directory) {
  const Json attributes = variable_attributes(spec, variable);
  if (is_v3(spec)) return write_text(directory + "/zarr.json", format_json(v3_array_of(variable, attributes)), spec.path);
  const std::int64_t width = variable.dtype == DType::string ? text_width_of(*variable.value) : 0;
  write_text(directory + "/.zarray", format_json(zarray_of(variable, width)), spec.path);
  write_text(directory + "/.zattrs", format_json(attributes), spec.path);
}

std::string resized_document(const array::OutputSpec& spec, const array::OutputVariable& variable) {
  const array::StoredArray& existing = *variable.existing;
  const std::string path = existing.path + "/" + existing.zarr.metadata;
  try {
    Json json = open_zarr_store(existing.path)->json(existing.zarr.metadata);
    json["shape"] = existing.shape;
    return format_json(json);
  } catch (const InputError& error) {
    throw OutputError("cannot write to " + spec.path + ": " + error.what());
  }
}

void write_parent_groups(const array::OutputSpec& spec) {
  std::error_code error;
  fs::create_directories(fs::path(zarr_group_directory(spec)).parent_path(), error);
  if (error) throw OutputError("cannot create " + spec.path + ": " + error.message());
  std::string directory = spec.path;
  const auto make = [&] {
    const std::string document = directory + (is_v3(spec) ? "/zarr.json" : "/.zgroup");
    if (fs::exists(document)) return;
    try {
      write_text(document, format_json(is_v3(spec) ? v3_group(Json::object()) : Json{{"zarr_format", 2}}), spec.path);
    } catch (const OutputError&) {
      if (!fs::exists(document)) throw;  // another run that writes another group of the store was quicker
    }
  };
  for (const auto& part : fs::path(normal_group(spec.group))) {
    make();
    directory += "/" + part.string();
  }
}

bool is_consolidated(const std::string& root, array::OutputFormat format) {
  if (format == array::OutputFormat::zarr2) return fs::exists(root + "/.zmetadata");
  try {
    return open_zarr_store(root)->json("zarr.json").contains("consolidated_metadata");
  } catch (const InputError&) {
    return false;
  }
}

void consolidate(const std::string& root, array::OutputFormat format, const std::string& scratch) {
  try {
    const auto store = open_zarr_store(root);
    Json metadata = Json::object();
    if (format == array::OutputFormat::zarr3) {
      walk(*store, "", [&](const std::string& key) {
        if (!key.empty() && store->contains(key + "/zarr.json")) metadata[key] = store->json(key + "/zarr.json");
      });
      Json document = store->json("zarr.json");
      document["consolidated_metadata"] = {{"kind", "inline"}, {"must_understand", false}, {"metadata", metadata}};
      return replace_file(root + "/zarr.json", format_json(document), scratch);
    }
    walk(*store, "", [&](const std::string& key) {
      for (const char* name : {".zattrs", ".zgroup", ".zarray"}) {
        const std::string document = key.empty() ? name : key + "/" + name;
        if (store->contains(document)) metadata[document] = store->json(document);
      }
    });
    replace_file(root + "/.zmetadata", format_json({{"metadata", metadata}, {"zarr_consolidated_format", 1}}), scratch);
  } catch (const InputError& error) {
    throw OutputError("cannot consolidate the metadata of " + root + ": " + error.what());
  }
}

}  // namespace rankine::store
