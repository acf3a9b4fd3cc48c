#include "runtime/zarr_addition.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "array/cf_decode.hpp"
#include "array/cf_scalar.hpp"
#include "array/stored_values.hpp"
#include "base/error.hpp"
#include "plan/logical_plan.hpp"

namespace rankine::runtime {
namespace {

const array::StoredVariable* find(const array::Catalogue& there, const std::string& name) {
  for (const auto& variable : there.variables)
    if (variable.name == name) return &variable;
  return nullptr;
}

const array::StoredDim* find_dim(const array::Catalogue& there, const std::string& name) {
  for (const auto& dim : there.dims)
    if (dim.name == name) return &dim;
  return nullptr;
}

Shape shape_of(const array::StoredVariable& variable) {
  return variable.data ? variable.data->shape : variable.strings.shape();
}

[[noreturn]] void refuse(const array::OutputVariable& out, const std::string& what) {
  throw UsageError("cannot write variable '" + out.name + "' into the existing store: " + what);
}

// The range of a Python slice; a region counts neither backwards nor by steps.
std::pair<std::int64_t, std::int64_t> bounds_of(const script::RegionSlice& slice, std::int64_t size) {
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    return std::clamp<std::int64_t>(*given < 0 ? *given + size : *given, 0, size);
  };
  return {bound(slice.begin, 0), bound(slice.end, size)};
}

// Where a variable's new values go: a box of the array as it will be.
struct Placement {
  Box box;
  Shape shape_after;
  bool whole = false;  ///< the array is replaced
};

Placement placement_of(const array::OutputVariable& out, const array::StoredVariable& old, const script::SinkOptions& options) {
  if (out.dims != old.dims)
    refuse(out, "its dims are " + array::format_names(out.dims) + ", there they are " + array::format_names(old.dims));
  const Shape shape = shape_of(old);
  Placement placement{Box::whole(shape), shape, options.region.empty()};
  for (std::size_t axis = 0; axis < out.dims.size(); ++axis) {
    const std::string& dim = out.dims[axis];
    const auto slice = std::find_if(options.region.begin(), options.region.end(), [&](const auto& item) { return item.dim == dim; });
    if (slice != options.region.end()) {
      std::tie(placement.box.begin[axis], placement.box.end[axis]) = bounds_of(*slice, shape[axis]);
    } else if (dim == options.append_dim) {
      placement.whole = false;
      placement.box.begin[axis] = shape[axis];
      placement.shape_after[axis] = placement.box.end[axis] = shape[axis] + out.shape[axis];
    }
    if (placement.box.extent(static_cast<int>(axis)) != out.shape[axis])
      refuse(out, "along '" + dim + "' it has " + std::to_string(out.shape[axis]) + " elements, the place for it has " +
                      std::to_string(std::max<std::int64_t>(placement.box.extent(static_cast<int>(axis)), 0)));
  }
  return placement;
}

array::ExprPtr part_of(const array::ExprPtr& source, const Box& box) {
  return array::slice(source, box.begin, Index(box.begin.size(), 1), box.shape());
}

// The new values with what the store holds around them, up to whole stored objects.
array::ExprPtr widened(const array::ExprPtr& values, const array::ExprPtr& old, const Placement& placement,
                       const Shape& object, Box& covered) {
  array::ExprPtr wide = values;
  covered = placement.box;
  for (std::size_t axis = 0; axis < object.size(); ++axis) {
    const std::int64_t begin = covered.begin[axis];
    const std::int64_t end = covered.end[axis];
    const std::int64_t low = begin / object[axis] * object[axis];
    const std::int64_t high = std::min(ceil_div(end, object[axis]) * object[axis], placement.shape_after[axis]);
    std::vector<array::ExprPtr> parts;
    Box beside = covered;
    if (low < begin) {
      beside.begin[axis] = low;
      beside.end[axis] = begin;
      parts.push_back(part_of(old, beside));
    }
    parts.push_back(wide);
    if (end < high) {
      beside.begin[axis] = end;
      beside.end[axis] = high;
      parts.push_back(part_of(old, beside));
    }
    if (parts.size() > 1) wide = array::concat(parts, static_cast<int>(axis));
    covered.begin[axis] = low;
    covered.end[axis] = high;
  }
  return wide;
}

NdArray part_of(const NdArray& texts, const Box& box) {
  NdArray part(DType::string, box.shape());
  const Shape strides = c_strides(texts.shape());
  std::size_t i = 0;
  for_each_index(box, [&](const Index& at) {
    std::int64_t from = 0;
    for (std::size_t axis = 0; axis < at.size(); ++axis) from += at[axis] * strides[axis];
    part.strings()[i++] = texts.strings()[static_cast<std::size_t>(from)];
  });
  return part;
}

void place_strings(array::OutputVariable& out, const array::StoredVariable& old, const Placement& placement) {
  if (placement.whole) return;
  NdArray all(DType::string, placement.shape_after);
  const auto put = [&](const NdArray& from, const Box& box) {
    const Shape strides = c_strides(all.shape());
    std::size_t i = 0;
    for_each_index(box, [&](const Index& at) {
      std::int64_t to = 0;
      for (std::size_t axis = 0; axis < at.size(); ++axis) to += at[axis] * strides[axis];
      all.strings()[static_cast<std::size_t>(to)] = from.strings()[i++];
    });
  };
  put(old.strings, Box::whole(old.strings.shape()));
  put(*out.value, placement.box);
  out.shape = all.shape();
  out.chunk_shape = out.shape;
  out.value = std::move(all);
}

bool reads_from(const array::ExprPtr& expression, const std::string& path) {
  plan::LogicalPlan alone;
  alone.sinks.push_back({plan::SinkKind::value, expression, {}, 0, 0, {}});
  for (const auto& array : plan::stored_arrays(alone))
    if (array->path == path) return true;
  return false;
}

// A dtype that holds all values of both exactly; nothing if there is none.
std::optional<DType> carrier_of(DType a, DType b) {
  if (is_float(a) || is_float(b)) {
    for (const DType dtype : {a, b})
      if (is_integer(dtype) && size_of(dtype) > 4) return {};
    return DType::float64;
  }
  if (a == DType::uint64 || b == DType::uint64) return {};
  return DType::int64;
}

// Values that are to become `stored` stay what they are until they are stored, where their range is checked. What is
// around them goes along in a dtype that holds both; the gaps among it are gaps there too.
void meet(const array::OutputVariable& out, array::ExprPtr& values, array::ExprPtr& around, DType stored,
          const Placement& placement, const array::LoadFn& load) {
  if (values->dtype == DType::boolean) values = array::cast(values, DType::int8);
  if (!is_integer(stored) || values->dtype == stored) {
    values = array::cast(values, stored);
    return;
  }
  if (const auto carrier = carrier_of(values->dtype, stored)) {
    if (is_float(*carrier) && out.fill) {
      const auto gaps = array::elementwise(kernel::Op::equal, {around, array::constant(*out.fill)});
      const auto nan = array::constant(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()));
      around = array::elementwise(kernel::Op::where, {gaps, nan, array::cast(around, *carrier)});
    } else {
      around = array::cast(around, *carrier);
    }
    values = array::cast(values, *carrier);
    return;
  }
  // No dtype holds both: the values are checked here and now.
  constexpr std::int64_t most_elements = 1 << 22;
  if (placement.box.shape().empty() || element_count(values->shape) <= most_elements) {
    values = array::constant(array::stored_values(load(values), out));
    return;
  }
  refuse(out, "its " + name_of(values->dtype) + " values cannot be checked against " + name_of(stored) +
                  " that is there; convert them first: .astype('" + name_of(stored) + "')");
}

void place_numbers(array::OutputVariable& out, array::ExprPtr& lazy, const array::StoredVariable& old,
                   const Placement& placement, const array::LoadFn& load) {
  const array::StoredArray& stored = *old.data;
  if (stored.zarr.shards.size() > 1) refuse(out, "shards inside shards are read, not written");
  if (is_time(stored.dtype)) refuse(out, "its dtype there is " + name_of(stored.dtype) + ", which is read, not written");
  if (lazy && reads_from(lazy, stored.path))
    refuse(out, "the script computes it from the values that it replaces; write to another store");
  out.codecs = stored.codecs;
  out.chunk_shape = stored.chunk_shape;
  out.inner_chunk_shape.clear();
  if (!stored.zarr.shards.empty()) {
    out.inner_chunk_shape = stored.chunk_shape;
    out.chunk_shape = stored.zarr.shards[0].shape;
  }
  array::ExprPtr values = lazy ? lazy : array::constant(*out.value);
  array::ExprPtr around = array::source(old.data);
  // Half floats are rounded once, from what the values are.
  const bool halves = values->dtype == DType::float64 && !out.codecs.empty() && out.codecs.front().kind == codec::Kind::half_float;
  if (halves) {
    out.codecs.front().value_type = DType::float64;
    if (out.fill) out.fill = array::scalar_as(*out.fill, 0, DType::float64);
    around = array::cast(around, values->dtype);
  } else if (values->dtype != stored.dtype) {
    meet(out, values, around, stored.dtype, placement, load);
  }
  Box covered;
  lazy = widened(values, around, placement, out.chunk_shape, covered);
  auto after = std::make_shared<array::StoredArray>(stored);
  after->shape = placement.shape_after;
  out.existing = std::move(after);
  out.origin = covered.begin;
  out.shape = covered.shape();
  out.dtype = halves ? DType::float64 : stored.dtype;
  out.value.reset();
}

// A variable that is new in the store has the store's length along the dim that is appended to: what comes before it is
// missing there, which needs a value that says so.
void extend_back(array::OutputVariable& out, array::ExprPtr& lazy, std::size_t axis, std::int64_t older) {
  Shape before = out.shape;
  before[axis] = older;
  if (out.dtype == DType::string) {
    NdArray all(DType::string, [&] { Shape shape = out.shape; shape[axis] += older; return shape; }());
    // Texts that nobody wrote are empty.
    const Shape strides = c_strides(all.shape());
    std::size_t i = 0;
    for_each_index(Box::whole(out.shape), [&](const Index& at) {
      std::int64_t to = static_cast<std::int64_t>(older) * strides[axis];
      for (std::size_t k = 0; k < at.size(); ++k) to += at[k] * strides[k];
      all.strings()[static_cast<std::size_t>(to)] = out.value->strings()[i++];
    });
    out.shape = all.shape();
    out.chunk_shape = out.shape;
    out.value = std::move(all);
    return;
  }
  if (!out.fill && !is_float(out.dtype))
    refuse(out, "it is new there, so that its first " + std::to_string(older) + " values along '" + out.dims[axis] +
                    "' are missing, and " + name_of(out.dtype) + " has no NaN; give it a _FillValue in encoding=, or write it to "
                    "the store from the beginning");
  const array::ExprPtr values = lazy ? lazy : array::constant(*out.value);
  // Floats that are to become integers have NaN until they are stored.
  const NdArray missing = out.fill && !(is_float(values->dtype) && is_integer(out.dtype))
                              ? array::scalar_as(*out.fill, 0, values->dtype)
                              : array::scalar_as(NdArray::scalar(std::numeric_limits<double>::quiet_NaN()), 0, values->dtype);
  const array::ExprPtr one = array::constant(missing.reshaped(Shape(before.size(), 1)));
  lazy = array::concat({array::broadcast(one, before), values}, static_cast<int>(axis));
  out.shape = lazy->shape;
  out.value.reset();
}

// With append_dim every array of the store that has the dim must grow, or the store could not be opened any more. What
// to put there is not for us to choose: xarray 2023.01 leaves such arrays behind.
void check_nothing_stays_behind(const array::EncodedDataset& encoded, const array::Catalogue& there, const script::SinkOptions& options) {
  std::vector<std::string> behind;
  const bool grows = std::any_of(encoded.spec.variables.begin(), encoded.spec.variables.end(), [&](const auto& out) {
    const auto at = std::find(out.dims.begin(), out.dims.end(), options.append_dim);
    return at != out.dims.end() && out.shape[static_cast<std::size_t>(at - out.dims.begin())] > 0;
  });
  for (const auto& variable : there.variables) {
    const bool has_dim = std::find(variable.dims.begin(), variable.dims.end(), options.append_dim) != variable.dims.end();
    const bool comes = std::any_of(encoded.spec.variables.begin(), encoded.spec.variables.end(),
                                   [&](const auto& out) { return out.name == variable.name; });
    if (has_dim && !comes) behind.push_back(variable.name);
  }
  if (!grows || behind.empty()) return;
  throw UsageError("cannot append to " + encoded.spec.path + " along '" + options.append_dim + "': the store also has " +
                   array::format_names(behind) + " along it, which the dataset lacks; they would stay shorter than the rest, and "
                   "the store could not be opened. Give the dataset values for them (NaN where there are none)");
}

void check_region(const array::EncodedDataset& encoded, const array::Catalogue& there, const script::SinkOptions& options) {
  std::vector<std::string> dims;
  for (const auto& slice : options.region) {
    if (find_dim(there, slice.dim) == nullptr)
      throw UsageError("region= names '" + slice.dim + "', which is no dim of the existing store");
    dims.push_back(slice.dim);
  }
  std::vector<std::string> apart;
  for (const auto& variable : encoded.spec.variables) {
    const bool shares = std::any_of(variable.dims.begin(), variable.dims.end(), [&](const std::string& dim) {
      return std::find(dims.begin(), dims.end(), dim) != dims.end();
    });
    if (!shares) apart.push_back(variable.name);
  }
  if (!options.region.empty() && !apart.empty())
    throw UsageError("with region=, every variable must have one of the region's dims " + array::format_names(dims) +
                     "; drop the others first: .drop_vars(" + array::format_names(apart) + ")");
}

}  // namespace

array::Dataset with_existing_encodings(array::Dataset dataset, const array::Catalogue& there,
                                       const script::SinkOptions& options, const array::LoadFn& load) {
  const array::Dataset decoded = array::decode_catalogue(there, {}, load);
  for (const auto& [name, encoding] : options.encoding)
    if (find(there, name) != nullptr)
      throw UsageError("variable '" + name + "' already exists in the store, but encoding was provided");
  for (auto& [name, variable] : dataset.variables)
    if (const auto* old = decoded.variables.find(name)) variable.encoding = old->encoding;
  return dataset;
}

void fit_into_existing(array::EncodedDataset& encoded, const array::Catalogue& there, const script::SinkOptions& options,
                       const array::LoadFn& load) {
  check_region(encoded, there, options);
  if (!options.append_dim.empty() && find_dim(there, options.append_dim) == nullptr)
    throw UsageError("append_dim='" + options.append_dim + "' is no dim of the existing store");
  if (!options.append_dim.empty()) check_nothing_stays_behind(encoded, there, options);
  std::vector<std::string> added;
  for (std::size_t i = 0; i < encoded.spec.variables.size(); ++i) {
    array::OutputVariable& out = encoded.spec.variables[i];
    const array::StoredVariable* old = find(there, out.name);
    if (old == nullptr) {
      added.push_back(out.name);
      for (std::size_t axis = 0; axis < out.dims.size(); ++axis) {
        const auto* dim = find_dim(there, out.dims[axis]);
        if (dim == nullptr) continue;
        if (dim->name == options.append_dim) extend_back(out, encoded.lazy[i], axis, dim->size);
        else if (dim->size != out.shape[axis])
          refuse(out, "it is new there and has " + std::to_string(out.shape[axis]) + " elements along '" + dim->name +
                          "', the store has " + std::to_string(dim->size));
      }
      continue;
    }
    if (!old->note.empty()) refuse(out, "what is there cannot be read: " + old->note);
    if ((old->data == nullptr) != (out.dtype == DType::string)) refuse(out, "texts and numbers do not mix");
    if (old->data == nullptr && old->attributes.contains("_Encoding") && out.character_count == 0)
      refuse(out, "its texts there are bytes, as _Encoding says, and cannot be added to in this format");
    const Placement placement = placement_of(out, *old, options);
    out.attributes = old->attributes;
    out.attributes.erase("_FillValue");
    out.fill.reset();
    if (const auto* fill = old->attributes.find("_FillValue"); fill != nullptr && old->data != nullptr)
      if (const auto* number = std::get_if<NdArray>(fill)) out.fill = *number;
    if (old->data == nullptr)
      place_strings(out, *old, placement);
    else if (!placement.whole)
      place_numbers(out, encoded.lazy[i], *old, placement, load);
  }
  if (!added.empty() && (options.mode == "r+" || !options.region.empty()))
    throw UsageError("dataset contains new variables not already present in the store: " + array::format_names(added) +
                     "; mode 'r+' and region= change existing variables only");
}

std::int64_t size_of_dim(const array::Catalogue& there, const std::string& dim) {
  const array::StoredDim* found = find_dim(there, dim);
  return found == nullptr ? -1 : found->size;
}

array::Catalogue before_append(array::Catalogue there, const std::string& dim, std::int64_t size) {
  for (auto& known : there.dims)
    if (known.name == dim) known.size = size;
  for (auto& variable : there.variables) {
    const auto axis = std::find(variable.dims.begin(), variable.dims.end(), dim) - variable.dims.begin();
    if (axis == std::ssize(variable.dims)) continue;
    if (variable.data) {
      auto shorter = std::make_shared<array::StoredArray>(*variable.data);
      shorter->shape[static_cast<std::size_t>(axis)] = size;
      variable.data = std::move(shorter);
    } else {
      Box part = Box::whole(variable.strings.shape());
      part.end[static_cast<std::size_t>(axis)] = std::min(size, part.end[static_cast<std::size_t>(axis)]);
      variable.strings = part_of(variable.strings, part);
    }
  }
  return there;
}

}  // namespace rankine::runtime
