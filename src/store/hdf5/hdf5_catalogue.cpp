#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/held_file.hpp"
#include "store/hdf5/library_catalogue.hpp"
#include "store/hdf5/netcdf4_model.hpp"

namespace rankine::store {
namespace {

bool is_character(const Hdf5Type& type) { return type.kind == Hdf5Class::string && type.bytes == 1; }
bool is_text(const Hdf5Type& type) {
  return type.kind == Hdf5Class::string || (type.kind == Hdf5Class::variable_length && type.is_text);
}

Shape shape_of(const Netcdf4Variable& variable) {
  Shape shape;
  for (const Netcdf4Dim* dim : variable.dims) shape.push_back(static_cast<std::int64_t>(dim->size));
  return shape;
}

/// Elements of `from`, an array of `from_shape`, at the front of an array of `shape`; the rest stays as it is.
template <typename T>
void place(const std::vector<T>& from, const Shape& from_shape, const Shape& shape, std::vector<T>& to) {
  std::size_t number = 0;
  for_each_index(Box::whole(from_shape), [&](const Index& at) {
    std::int64_t place = 0;
    for (std::size_t axis = 0; axis < at.size(); ++axis) place = place * shape[axis] + at[axis];
    to[static_cast<std::size_t>(place)] = from[number++];
  });
}

/// Texts are small and wanted at once. The dataset may be shorter than its unlimited dims: there it has no text.
void read_texts(const Hdf5File& file, GlobalHeap& heap, const Netcdf4Variable& variable, array::StoredVariable& out) {
  const Hdf5Dataset& dataset = variable.dataset;
  if (dataset.has_external_files || dataset.layout == Hdf5Dataset::Layout::virtual_dataset ||
      dataset.layout == Hdf5Dataset::Layout::unknown) {
    out.note = "texts in a virtual or external dataset are not supported";
    return;
  }
  Shape shape = shape_of(variable);
  Shape extents(dataset.space.extents.begin(), dataset.space.extents.end());
  std::uint64_t count = 1;
  const std::uint64_t limit = (4u << 20) + 8 * file.size();
  for (const std::int64_t extent : shape) {
    if (extent != 0 && count > limit / static_cast<std::uint64_t>(extent)) {
      out.note = "more texts than a file of its size can hold";
      return;
    }
    count *= static_cast<std::uint64_t>(extent);
  }
  std::vector<std::byte> data = read_whole_dataset(file, dataset);
  std::vector<std::string> texts;
  if (is_character(dataset.type)) {
    std::vector<char> characters(count, '\0');
    const auto* stored = reinterpret_cast<const char*>(data.data());
    place(std::vector<char>(stored, stored + data.size()), extents, shape, characters);
    std::size_t length = 1;
    if (!shape.empty()) {
      length = static_cast<std::size_t>(shape.back());
      shape.pop_back();
      out.encoding.set("char_dim_name", out.dims.back());
      out.dims.pop_back();
    }
    texts = join_characters(characters, length);
    texts.resize(static_cast<std::size_t>(element_count(shape)));
  } else {
    texts.resize(count);
    place(convert_texts(file, dataset.type, std::move(data), static_cast<std::uint64_t>(element_count(extents)), heap), extents, shape, texts);
  }
  out.strings = NdArray::from_strings(std::move(texts), std::move(shape));
}

array::StoredVariable stored_variable(const Hdf5File& file, GlobalHeap& heap, const Netcdf4Group& group,
                                      const Netcdf4Variable& variable) {
  array::StoredVariable out;
  out.name = variable.name;
  for (const Netcdf4Dim* dim : variable.dims) out.dims.push_back(dim->name);
  out.attributes = variable.attributes;
  out.note = variable.note;
  const Hdf5Type& type = variable.dataset.type;
  describe_encoding(variable.dataset, out.encoding);
  out.encoding.set("source", file.path());
  out.encoding.set("original_shape", NdArray::from(shape_of(variable)));
  if (!out.note.empty()) return out;
  out.encoding.set("dtype", is_character(type) ? std::string("S1") : is_text(type) ? std::string("str") : name_of(type.dtype));
  try {
    if (is_text(type)) {
      read_texts(file, heap, variable, out);
    } else {
      auto stored = std::make_shared<array::StoredArray>();
      stored->path = file.path();
      stored->variable = group.path.empty() ? variable.name : group.path + "/" + variable.name;
      stored->dtype = type.dtype;
      stored->shape = shape_of(variable);
      stored->file_size = file.size();
      stored->file_mtime_ns = file.mtime_ns();
      out.note = describe_storage(file, variable.dataset, variable.address, *stored);
      if (out.note.empty()) out.data = std::move(stored);
    }
  } catch (const InputError& error) {
    out.note = error.what();
  }
  return out;
}

void list_groups(const Netcdf4Group& group, std::size_t root_bytes, std::vector<std::string>& names) {
  for (const auto& child : group.groups) {
    names.push_back(child->path.substr(root_bytes));
    list_groups(*child, root_bytes, names);
  }
}

array::Catalogue catalogue_of(const Hdf5File& file, const std::string& group_path) {
  GlobalHeap heap(file);
  const Netcdf4Model model = read_netcdf4_model(file, heap);
  const Netcdf4Group* group = model.find(group_path);
  if (group == nullptr) {
    std::vector<std::string> names;
    list_groups(*model.root, 0, names);
    throw_no_group(file.path(), group_path, names);
  }
  array::Catalogue catalogue;
  catalogue.path = file.path();
  catalogue.format = model.written_by_netcdf ? "NetCDF-4" : "HDF5";
  catalogue.attributes = group->attributes;
  for (const Netcdf4Variable& variable : group->variables)
    catalogue.variables.push_back(stored_variable(file, heap, *group, variable));
  std::vector<const Netcdf4Dim*> dims;
  for (const auto& dim : group->dims) dims.push_back(dim.get());
  std::stable_sort(dims.begin(), dims.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  std::unordered_set<const Netcdf4Dim*> character_dims, other_dims;
  for (const Netcdf4Variable& variable : group->variables)
    for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
      const bool joined = is_character(variable.dataset.type) && axis + 1 == variable.dims.size();
      (joined ? character_dims : other_dims).insert(variable.dims[axis]);
    }
  for (const Netcdf4Dim* dim : dims) {
    // What is only the length of texts has gone with the joining.
    if (!character_dims.contains(dim) || other_dims.contains(dim)) catalogue.dims.push_back({dim->name, static_cast<std::int64_t>(dim->size), dim->unlimited});
  }
  list_groups(*group, group->path.empty() ? 0 : group->path.size() + 1, catalogue.groups);
  return catalogue;
}

}  // namespace

void throw_no_group(const std::string& path, const std::string& group, const std::vector<std::string>& groups) {
  std::string known;
  for (const std::string& name : groups) known += (known.empty() ? "" : ", ") + name;
  throw InputError("cannot open group '" + group + "' of " + path + ": " +
                   (known.empty() ? "the file has no groups" : "its groups are " + known));
}

bool looks_like_hdf5(std::span<const std::byte> head) {
  static constexpr char signature[9] = "\211HDF\r\n\032\n";
  for (std::size_t at = 0; at + 8 <= head.size(); at = at == 0 ? 512 : 2 * at)
    if (std::memcmp(head.data() + at, signature, 8) == 0) return true;
  return false;
}

array::Catalogue open_hdf5(const std::string& path, const std::string& group) {
  try {
    return catalogue_of(*read_hdf5_file(path), group);
  } catch (const NeedsLibrary& need) {
    return open_through_library(path, group, need.reason);
  }
}

}  // namespace rankine::store
