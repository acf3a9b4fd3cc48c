#include "script/asked_chunks.hpp"

#include <algorithm>
#include <set>

#include "array/expr_walk.hpp"
#include "base/error.hpp"

namespace rankine::script {

namespace {

[[noreturn]] void refuse(const std::string& name) {
  throw UnsupportedError("'chunks' of " + (name.empty() ? "this array" : "'" + name + "'") +
                         " is not known before it is computed: Rankine chooses its blocks then. Known are those of what .chunk() "
                         "gives, and of arrays that nobody has asked blocks of (None)");
}

bool is_in_zarr(const array::StoredArray& array) {
  return array.storage == array::Storage::zarr_files;
}

/// Whether xarray would have blocks here: somebody asked for them, or the opening function always makes some.
bool may_be_in_blocks(const array::ExprPtr& expression) {
  bool found = false;
  array::InputsFirst walk;
  walk(expression, [&](const array::ExprPtr& expr) {
    const auto* source = expr->as<array::Source>();
    const bool many_files = expr->as<array::Concat>() != nullptr && expr->reads;
    found = found || many_files || expr->as<array::Rechunk>() != nullptr || (source != nullptr && is_in_zarr(*source->array));
  });
  return found;
}

/// The one input that is read and has the shape of the result, or null.
const array::ExprPtr* only_input(const array::Expr& expr) {
  const array::ExprPtr* only = nullptr;
  for (const auto& input : expr.inputs) {
    if (!input->reads) continue;
    if (input->shape != expr.shape || (only != nullptr && *only != input)) return nullptr;
    only = &input;
  }
  return only;
}

/// The extent of a block along each axis; empty: not in blocks.
Shape asked_blocks(const std::string& name, const array::ExprPtr& expression) {
  if (!expression->reads || !may_be_in_blocks(expression)) return {};
  Shape blocks(expression->shape.size(), 0);
  const array::ExprPtr* at = &expression;
  while (true) {
    const auto* wish = (*at)->as<array::Rechunk>();
    for (std::size_t axis = 0; wish != nullptr && axis < blocks.size(); ++axis)
      if (blocks[axis] == 0) blocks[axis] = wish->chunk_shape[axis];
    if (std::find(blocks.begin(), blocks.end(), 0) == blocks.end()) return blocks;
    const array::ExprPtr* next = wish != nullptr ? &(*at)->inputs[0]
                                 : (*at)->as<array::Elementwise>() != nullptr ? only_input(**at) : nullptr;
    if (next == nullptr) break;
    at = next;
  }
  // Along the other axes xarray takes the file's own chunks or all: the same where the file has one there.
  // What is unpacked and masked reads its array more than once.
  array::InputsFirst walk;
  walk(*at, [&](const array::ExprPtr& below) {
    if (!below->reads) return;
    const auto* source = below->as<array::Source>();
    if (below->shape != expression->shape || (source == nullptr && below->as<array::Elementwise>() == nullptr)) refuse(name);
    if (source == nullptr) return;
    const auto& stored = *source->array;
    for (std::size_t axis = 0; axis < blocks.size(); ++axis) {
      const bool in_chunks = stored.storage == array::Storage::chunked && stored.chunk_shape[axis] < stored.shape[axis];
      if (blocks[axis] == 0 && (in_chunks || is_in_zarr(stored))) refuse(name);
    }
  });
  for (std::size_t axis = 0; axis < blocks.size(); ++axis)
    if (blocks[axis] == 0) blocks[axis] = expression->shape[axis];
  return blocks;
}

Value sizes_along(std::int64_t extent, std::int64_t block) {
  Values sizes;
  for (std::int64_t begin = 0; begin < extent; begin += block) sizes.push_back(std::min(block, extent - begin));
  if (sizes.empty()) sizes.push_back(std::int64_t{0});
  return make_tuple(std::move(sizes));
}

}  // namespace

Value chunks_of(const array::DataArray& array) {
  const Shape blocks = asked_blocks(array.name.value_or(""), array.variable.data);
  if (blocks.empty()) return {};
  Values all;
  for (std::size_t axis = 0; axis < blocks.size(); ++axis) all.push_back(sizes_along(array.shape()[axis], blocks[axis]));
  return make_tuple(std::move(all));
}

Value chunks_of(const array::Dataset& dataset) {
  auto dict = std::make_shared<DictObject>();
  std::set<std::string> named;
  const array::Variable* first = nullptr;
  for (const auto& [name, variable] : dataset.variables) {
    if (dataset.is_coord(name)) continue;
    const Shape blocks = asked_blocks(name, variable.data);
    if (!blocks.empty() && first == nullptr) first = &variable;
    for (std::size_t axis = 0; axis < blocks.size(); ++axis) {
      const std::string& dim = variable.dims[axis];
      const Value sizes = sizes_along(variable.shape()[axis], blocks[axis]);
      if (named.insert(dim).second) dict->set(dim, sizes);
      else if (dict->find(dim)->as<TupleObject>()->elements.size() != sizes.as<TupleObject>()->elements.size())
        throw ValueError("Object has inconsistent chunks along dimension " + dim + ". This can be fixed by calling unify_chunks().");
    }
  }
  // .chunk() cuts known values too, of which nothing is kept here.
  for (const auto& [name, variable] : dataset.variables)
    for (const auto& dim : variable.dims)
      if (first != nullptr && dataset.index(name) == nullptr && !named.contains(dim)) refuse(name);
  dict->frozen = true;
  return dict;
}

}  // namespace rankine::script
