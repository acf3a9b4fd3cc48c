#include "store/hdf5/netcdf4_model.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "store/hdf5/hdf5_links.hpp"

namespace rankine::store {
namespace {

constexpr std::string_view non_coordinate_prefix = "_nc4_non_coord_";
constexpr std::string_view dim_without_variable = "This is a netCDF dimension but not a netCDF variable";
constexpr int max_group_depth = 256;
constexpr int max_soft_links = 16;

bool is_hidden(const std::string& name) {
  static const std::set<std::string_view> names = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid",
                                                   "_Netcdf4Coordinates", "_nc3_strict", "_NCProperties", "_Format",
                                                   "_IsNetcdf4", "_SuperblockVersion"};
  return names.contains(name);
}

class ModelReader {
 public:
  ModelReader(const Hdf5File& file, GlobalHeap& heap) : file_(file), heap_(heap) {}

  Netcdf4Model read() {
    if (file_.extension_address() != UINT64_MAX &&
        read_object_header(file_, file_.extension_address()).find(MessageType::shared_table) != nullptr)
      throw NeedsLibrary{"shared header messages"};
    model_.root = std::make_unique<Netcdf4Group>();
    read_group(*model_.root, file_.root_address(), 0);
    attach_dims(*model_.root);
    measure_unlimited(*model_.root);
    return std::move(model_);
  }

 private:
  const ObjectHeader& header(std::uint64_t address) {
    const auto found = headers_.find(address);
    if (found != headers_.end()) return found->second;
    return headers_[address] = read_object_header(file_, address);
  }

  /// Of the group at an address that soft links lead through; read once.
  const std::unordered_map<std::string, Hdf5Link>& links_by_name(std::uint64_t group) {
    const auto [found, is_new] = links_.try_emplace(group);
    if (is_new)
      for (Hdf5Link& link : read_links(file_, header(group))) {
        std::string name = link.name;
        found->second.try_emplace(std::move(name), std::move(link));
      }
    return found->second;
  }

  /// The address of what `path` names, seen from the group at `from`; undefined if nothing is there.
  std::uint64_t resolve(std::uint64_t from, const std::string& path, int hops) {
    std::uint64_t at = path.starts_with('/') ? file_.root_address() : from;
    for (std::size_t begin = 0; begin < path.size();) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const std::string name = path.substr(begin, end - begin);
      begin = end + 1;
      if (name.empty() || name == ".") continue;
      if (!is_group(header(at))) return UINT64_MAX;
      const auto& links = links_by_name(at);
      const auto link = links.find(name);
      if (link == links.end()) return UINT64_MAX;
      if (link->second.kind == Hdf5Link::Kind::hard) at = link->second.address;
      else if (link->second.kind == Hdf5Link::Kind::soft && hops > 0) at = resolve(at, link->second.target, hops - 1);
      else return UINT64_MAX;
      if (at == UINT64_MAX) return at;
    }
    return at;
  }

  void read_group(Netcdf4Group& group, std::uint64_t address, int depth) {
    if (depth > max_group_depth) file_.fail("groups within groups without end");
    if (!groups_.insert(address).second) return;
    const ObjectHeader own = header(address);
    for (const Hdf5Attribute& attribute : read_hdf5_attributes(file_, own)) take_attribute(attribute, group.attributes);
    std::vector<std::pair<Netcdf4Group*, std::uint64_t>> below;
    for (const Hdf5Link& link : read_links(file_, own)) {
      if (link.kind == Hdf5Link::Kind::other) continue;
      if (link.kind == Hdf5Link::Kind::external) {
        note_external_link(group, link);
        continue;
      }
      const std::uint64_t target = link.kind == Hdf5Link::Kind::hard ? link.address : resolve(address, link.target, max_soft_links);
      if (target == UINT64_MAX) continue;  // a soft link that leads nowhere
      const ObjectHeader& object = header(target);
      if (is_dataset(object)) {
        read_variable(group, link.name, object);
      } else if (is_group(object) && !groups_.contains(target)) {
        auto child = std::make_unique<Netcdf4Group>();
        child->name = link.name;
        child->path = group.path.empty() ? link.name : group.path + "/" + link.name;
        child->parent = &group;
        below.emplace_back(child.get(), target);
        group.groups.push_back(std::move(child));
      }
    }
    for (const auto& [child, target] : below) read_group(*child, target, depth + 1);
  }

  /// What lies in another file has the dims of that file: libnetcdf cannot open such a file at all.
  static void note_external_link(Netcdf4Group& group, const Hdf5Link& link) {
    Netcdf4Variable variable;
    variable.name = link.name;
    variable.note = "a link into another file is not followed; open " + link.target;
    group.variables.push_back(std::move(variable));
  }

  void take_attribute(const Hdf5Attribute& attribute, array::Attributes& attributes) {
    if (attribute.name == "_NCProperties" || attribute.name == "_nc3_strict" || attribute.name == "_Netcdf4Dimid" ||
        attribute.name == "_Netcdf4Coordinates" || attribute.name == "DIMENSION_LIST")
      model_.written_by_netcdf = true;
    if (is_hidden(attribute.name)) return;
    if (auto value = attribute_value(file_, attribute, heap_)) attributes.set(attribute.name, std::move(*value));
  }

  std::vector<std::int64_t> integers(const Hdf5Attribute& attribute) {
    const auto value = attribute_value(file_, attribute, heap_);
    const auto* numbers = value ? std::get_if<NdArray>(&*value) : nullptr;
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; numbers != nullptr && is_integer(numbers->dtype()) && i < numbers->size(); ++i)
      result.push_back(numbers->as_int64(i));
    return result;
  }

  /// DIMENSION_LIST: for each dim of the variable a list of references to scales, of which the first counts.
  std::vector<std::uint64_t> scales_of(const Hdf5Attribute& attribute) {
    std::vector<std::uint64_t> scales;
    const Hdf5Type& type = attribute.type;
    if (type.kind != Hdf5Class::variable_length || type.base->kind != Hdf5Class::reference) return scales;
    Hdf5Fields elements(file_, attribute.data);
    const std::uint64_t element_bytes = 8 + static_cast<std::uint64_t>(file_.address_bytes());
    while (elements.remaining() >= element_bytes) {
      Hdf5Fields references(file_, heap_.sequence(elements, type.base->bytes));
      scales.push_back(references.remaining() >= static_cast<std::size_t>(file_.address_bytes()) ? references.address() : UINT64_MAX);
    }
    return scales;
  }

  void read_variable(Netcdf4Group& group, const std::string& link_name, const ObjectHeader& object) {
    Netcdf4Variable variable;
    variable.name = link_name.starts_with(non_coordinate_prefix) ? link_name.substr(non_coordinate_prefix.size()) : link_name;
    variable.address = object.address;
    bool is_scale = false, is_dim_only = false;
    std::int64_t dim_id = -1;
    for (const Hdf5Attribute& attribute : read_hdf5_attributes(file_, object)) {
      if (attribute.name == "CLASS") is_scale = attribute_text(file_, attribute, heap_) == "DIMENSION_SCALE";
      else if (attribute.name == "NAME") is_dim_only = attribute_text(file_, attribute, heap_).starts_with(dim_without_variable);
      else if (attribute.name == "_Netcdf4Dimid") {
        const auto ids = integers(attribute);
        if (!ids.empty() && ids[0] >= 0 && ids[0] < INT32_MAX / 2) dim_id = ids[0];
      } else if (attribute.name == "_Netcdf4Coordinates") variable.dim_ids = integers(attribute);
      else if (attribute.name == "DIMENSION_LIST") variable.scales = scales_of(attribute);
      take_attribute(attribute, variable.attributes);
    }
    variable.dataset = read_hdf5_dataset(file_, object);
    const Hdf5Space& space = variable.dataset.space;
    const Hdf5Type& type = variable.dataset.type;
    if (is_scale && !space.extents.empty()) {
      auto dim = std::make_unique<Netcdf4Dim>();
      dim->name = variable.name;
      dim->size = space.extents[0];
      dim->unlimited = space.max_extents[0] == UINT64_MAX;
      dim->scale_address = object.address;
      dim->id = dim_id >= 0 ? static_cast<int>(dim_id) : next_dim_id_;
      next_dim_id_ = std::max(next_dim_id_, dim->id + 1);
      group.add_dim(std::move(dim));
      if (is_dim_only) return;
      variable.own_scale = object.address;
    }
    const bool is_text = type.kind == Hdf5Class::string || (type.kind == Hdf5Class::variable_length && type.is_text);
    if (space.is_null) variable.note = "it has a type and no data (null dataspace)";
    else if (!type.is_numeric && !is_text) variable.note = describe_unsupported(type);
    group.variables.push_back(std::move(variable));
  }

  static const Netcdf4Dim* dim_at(const Netcdf4Group& group, std::uint64_t scale_address) {
    for (const Netcdf4Group* at = &group; at != nullptr; at = at->parent)
      if (const auto found = at->dim_of_scale.find(scale_address); found != at->dim_of_scale.end())
        return at->dims[found->second].get();
    return nullptr;
  }

  static const Netcdf4Dim* dim_numbered(const Netcdf4Group& group, std::int64_t id) {
    for (const Netcdf4Group* at = &group; at != nullptr; at = at->parent)
      if (const auto found = at->dim_of_id.find(id); found != at->dim_of_id.end()) return at->dims[found->second].get();
    return nullptr;
  }

  /// Groups below come first: libnetcdf numbers phony dims so.
  void attach_dims(Netcdf4Group& group) {
    for (const auto& child : group.groups) attach_dims(*child);
    // libnetcdf does not know some variables that we name or read (types without a name): they come last.
    const auto is_known = [](const Netcdf4Variable& v) {
      return v.note.empty() && v.dataset.type.kind != Hdf5Class::enumeration;
    };
    for (Netcdf4Variable& variable : group.variables)
      if (is_known(variable)) attach_dims(group, variable);
    for (Netcdf4Variable& variable : group.variables)
      if (!is_known(variable)) attach_dims(group, variable);
  }

  void attach_dims(Netcdf4Group& group, Netcdf4Variable& variable) {
    const Hdf5Space& space = variable.dataset.space;
    const std::size_t ndim = space.extents.size();
    variable.dims.assign(ndim, nullptr);
    for (std::size_t axis = 0; axis < ndim; ++axis) {
      const Netcdf4Dim*& dim = variable.dims[axis];
      if (variable.own_scale != UINT64_MAX && (ndim == 1 || variable.dim_ids.size() != ndim)) {
        if (axis == 0) dim = dim_at(group, variable.own_scale);
      } else if (axis < variable.scales.size() && variable.scales[axis] != UINT64_MAX) {
        dim = dim_at(group, variable.scales[axis]);
      }
      if (dim == nullptr && variable.dim_ids.size() == ndim)
        dim = dim_numbered(group, variable.dim_ids[axis]);
      if (dim == nullptr) dim = phony_dim(group, variable, space.extents[axis], space.max_extents[axis] == UINT64_MAX);
      if (!dim->unlimited && dim->size != space.extents[axis])
        variable.note = "its shape does not fit its dim '" + dim->name + "'";
    }
  }

  /// Any dim of the group that fits and that the variable has not got yet, else a new one.
  const Netcdf4Dim* phony_dim(Netcdf4Group& group, const Netcdf4Variable& variable, std::uint64_t size, bool unlimited) {
    if (const auto alike = group.dims_of_size.find(size << 1 | (unlimited ? 1 : 0)); alike != group.dims_of_size.end())
      for (const std::size_t position : alike->second) {
        const Netcdf4Dim* dim = group.dims[position].get();
        if (dim->size == size && std::find(variable.dims.begin(), variable.dims.end(), dim) == variable.dims.end()) return dim;
      }
    auto dim = std::make_unique<Netcdf4Dim>();
    dim->id = next_dim_id_++;
    dim->name = "phony_dim_" + std::to_string(dim->id);
    dim->size = size;
    dim->unlimited = unlimited;
    group.add_dim(std::move(dim));
    return group.dims.back().get();
  }

  /// An unlimited dim is as long as the longest variable along it, whatever its scale says.
  void measure_unlimited(Netcdf4Group& root) {
    std::unordered_map<const Netcdf4Dim*, std::uint64_t> longest;
    const auto visit = [&](const auto& self, const Netcdf4Group& group) -> void {
      for (const Netcdf4Variable& variable : group.variables)
        for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
          auto& size = longest[variable.dims[axis]];
          size = std::max(size, variable.dataset.space.extents[axis]);
        }
      for (const auto& child : group.groups) self(self, *child);
    };
    visit(visit, root);
    const auto apply = [&](const auto& self, Netcdf4Group& group) -> void {
      for (const auto& dim : group.dims)
        if (dim->unlimited) dim->size = longest.contains(dim.get()) ? longest[dim.get()] : 0;
      for (const auto& child : group.groups) self(self, *child);
    };
    apply(apply, root);
  }

  const Hdf5File& file_;
  GlobalHeap& heap_;
  Netcdf4Model model_;
  int next_dim_id_ = 0;
  std::unordered_set<std::uint64_t> groups_;
  std::map<std::uint64_t, std::unordered_map<std::string, Hdf5Link>> links_;
  std::unordered_map<std::uint64_t, ObjectHeader> headers_;
};

}  // namespace

void Netcdf4Group::add_dim(std::unique_ptr<Netcdf4Dim> dim) {
  const std::size_t position = dims.size();
  if (dim->scale_address != UINT64_MAX) dim_of_scale.try_emplace(dim->scale_address, position);
  dim_of_id.try_emplace(dim->id, position);
  dims_of_size[dim->size << 1 | (dim->unlimited ? 1 : 0)].push_back(position);
  dims.push_back(std::move(dim));
}

const Netcdf4Group* Netcdf4Model::find(const std::string& path) const {
  const Netcdf4Group* at = root.get();
  for (std::size_t begin = 0; begin < path.size() && at != nullptr;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty()) continue;
    const auto child = std::find_if(at->groups.begin(), at->groups.end(), [&](const auto& group) { return group->name == name; });
    at = child == at->groups.end() ? nullptr : child->get();
  }
  return at;
}

Netcdf4Model read_netcdf4_model(const Hdf5File& file, GlobalHeap& heap) { return ModelReader(file, heap).read(); }

}  // namespace rankine::store
