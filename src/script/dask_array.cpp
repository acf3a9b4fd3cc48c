#include "script/dask_array.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.hpp"
#include "script/delayed.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/remote_call.hpp"

namespace rankine::script {

bool is_dask_array(const Value& value) { return value.type() == Type::dask_array; }

Value make_dask_array(array::ExprPtr data, Shape chunks) { return std::make_shared<DaskArrayObject>(std::move(data), std::move(chunks)); }

array::ExprPtr expression_of(Interpreter& in, const Value& value, const char* what) {
  if (const auto array = value.as<DaskArrayObject>()) return array->data;
  if (const auto array = value.as<DataArrayObject>()) return array->value().variable.data;
  return array::constant(to_known_values(in, value, what));
}

namespace {


/// "dim_-2", "dim_-1": arrays of unequal ndim broadcast from their last axes, as NumPy does.
array::DataArray labelled(const DaskArrayObject& array) {
  std::vector<std::string> dims;
  for (int axis = 0; axis < array.data->ndim(); ++axis) dims.push_back("dim_" + std::to_string(axis - array.data->ndim()));
  return array::DataArray{{}, array::make_variable(dims, array.data), {}};
}

const DaskArrayObject& self_array(const Arguments& args) { return *args.self.as<DaskArrayObject>(); }

Value from_delayed(Interpreter& in, const Arguments& args) {
  const auto delayed = args.get("value").as<DelayedObject>();
  if (!delayed) throw TypeError(std::string("from_delayed() takes a Delayed, not ") + name_of(args.get("value").type()));
  if (!args.given("dtype")) throw UsageError("from_delayed() needs dtype=: what the call will give is not known before");
  array::UserMap node;
  node.kernel = delayed_array_kernel;
  node.parameters.emplace_back("graph", to_hex(write_remote_graph(in, delayed->node)));
  return make_dask_array(array::user_map({}, std::move(node), to_dtype(args.get("dtype")), to_shape(in, args.get("shape"))), {});
}

std::vector<array::ExprPtr> like_arrays(Interpreter& in, const Value& sequence, const char* function) {
  std::vector<array::ExprPtr> parts;
  DType common = DType::boolean;
  for (const Value& value : elements_of(in, sequence)) {
    parts.push_back(expression_of(in, value, "an array"));
    common = parts.size() == 1 ? parts[0]->dtype : common;
    if (parts.back()->dtype != common)
      throw UnsupportedError(std::string(function) + "() of arrays of dtypes " + name_of(common) + " and " + name_of(parts.back()->dtype) +
                       " is not supported: convert them with astype first");
    if (parts.back()->ndim() != parts[0]->ndim()) throw UsageError(std::string(function) + "() of arrays that differ in ndim");
  }
  if (parts.empty()) throw UsageError("need at least one array to " + std::string(function));
  return parts;
}

int axis_of(const Arguments& args, int ndim) {
  const std::int64_t axis = args.given("axis") ? to_integer(args.get("axis"), "axis") : 0;
  if (axis < -ndim || axis >= ndim)
    throw UsageError("axis " + std::to_string(axis) + " is out of bounds for an array of " + std::to_string(ndim) + " dims");
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Value concatenate(Interpreter& in, const Arguments& args) {
  const auto parts = like_arrays(in, args.get("seq"), "concatenate");
  if (parts[0]->ndim() == 0) throw UsageError("zero-dimensional arrays cannot be concatenated");
  const int axis = axis_of(args, parts[0]->ndim());
  for (const auto& part : parts)
    for (int other = 0; other < part->ndim(); ++other)
      if (other != axis && part->shape[other] != parts[0]->shape[other])
        throw ShapeError("concatenate() of shapes " + format_tuple(parts[0]->shape) + " and " + format_tuple(part->shape));
  return make_dask_array(array::concat(parts, axis), {});
}

Value stack(Interpreter& in, const Arguments& args) {
  auto parts = like_arrays(in, args.get("seq"), "stack");
  const int ndim = parts[0]->ndim();
  const int axis = axis_of(args, ndim + 1);
  std::vector<int> axes(static_cast<std::size_t>(ndim));
  std::iota(axes.begin(), axes.end(), 0);
  axes.insert(axes.begin() + axis, -1);
  for (auto& part : parts) {
    if (part->shape != parts[0]->shape && part->ndim() == ndim) throw ShapeError("stack() of arrays that differ in shape");
  }
  for (auto& part : parts) part = array::permute(part, axes);
  return make_dask_array(array::concat(parts, axis), {});
}

/// The DataArray's method of the same name, over axes instead of dims; NaN counts, as in NumPy.
Value reduce(Interpreter& in, const Arguments& args) {
  Keywords keywords;
  if (const auto axes = args.get("axis").as<TupleObject>()) {
    const std::int64_t ndim = self_array(args).data->ndim();
    Values dims;
    for (const Value& axis : axes->elements) {
      const std::int64_t number = to_integer(axis, "axis");
      if (number < -ndim || number >= ndim) throw ValueError("axis " + std::to_string(number) + " is out of bounds");
      dims.push_back("dim_" + std::to_string(number < 0 ? number : number - ndim));
    }
    keywords.emplace_back("dim", make_list(std::move(dims)));
  } else if (args.given("axis")) {
    keywords.emplace_back("axis", args.get("axis"));
  }
  const std::string& name = args.binding->name;
  if ((name == "std" || name == "var") && args.given("ddof")) keywords.emplace_back("ddof", args.get("ddof"));
  if (name != "any" && name != "all") keywords.emplace_back("skipna", false);
  const Value reduced = through_labelled({args.self}, [&](const Values& values) { return in.call(in.attribute(values[0], name), {}, keywords); });
  if (!args.given("keepdims") || !truth(in, args.get("keepdims"))) return reduced;
  const int ndim = self_array(args).data->ndim();
  std::vector<bool> gone(static_cast<std::size_t>(ndim), !args.given("axis"));
  if (args.given("axis")) {
    const Value axis = args.get("axis");
    for (const Value& one : axis.type() == Type::tuple ? elements_of(in, axis) : Values{axis}) {
      const std::int64_t number = to_integer(one, "axis");
      gone.at(static_cast<std::size_t>(number < 0 ? number + ndim : number)) = true;
    }
  }
  std::vector<int> axes;
  int next = 0;
  for (const bool is_gone : gone) axes.push_back(is_gone ? -1 : next++);
  return make_dask_array(array::permute(reduced.as<DaskArrayObject>()->data, axes), {});
}

}  // namespace

Value computed_dask_array(Interpreter& in, const DaskArrayObject& array) { return make_array(in.host().load({array.data})[0]); }

Value through_labelled(const Values& values, const std::function<Value(const Values&)>& f) {
  Values inner;
  for (const Value& value : values) {
    const auto array = value.as<DaskArrayObject>();
    inner.push_back(array ? make_value(labelled(*array)) : value);
  }
  // NumPy arrays beside dask arrays are broadcast as NumPy would, which names make explicit.
  for (Value& value : inner) {
    if (const auto array = value.as<ArrayObject>(); array && array->array.ndim() > 0)
      value = make_value(labelled(DaskArrayObject(array::constant(array->array))));
  }
  // An axis of extent 1 that another operand is longer along vanishes: names broadcast it.
  std::map<std::string, std::int64_t> extents;
  for (const Value& value : inner) {
    const auto array = value.as<DataArrayObject>();
    if (!array || inner.size() < 2) continue;
    for (const auto& [dim, extent] : array->value().sizes()) extents[dim] = std::max(extents[dim], extent);
  }
  for (Value& value : inner) {
    const auto array = value.as<DataArrayObject>();
    if (!array || inner.size() < 2) continue;
    std::vector<std::string> kept;
    std::vector<int> axes;
    const auto sizes = array->value().sizes();
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      if (sizes[axis].second == 1 && extents[sizes[axis].first] > 1) continue;
      kept.push_back(sizes[axis].first);
      axes.push_back(static_cast<int>(axis));
    }
    if (kept.size() < sizes.size())
      value = make_value(array::DataArray{{}, array::make_variable(kept, array::permute(array->value().variable.data, axes)), {}});
  }
  const Value result = f(inner);
  const auto array = result.as<DataArrayObject>();
  if (!array) return result;
  // Names of broadcast results come in the order of the operands: back to that of the axes.
  array::DataArray whole = array->value();
  std::vector<std::string> order = whole.dims();
  std::sort(order.begin(), order.end(), [](const std::string& a, const std::string& b) {
    const auto number = [](const std::string& dim) { return dim.starts_with("dim_") ? std::stoi(dim.substr(4)) : 0; };
    return number(a) < number(b);
  });
  array::ExprPtr data = array::aligned_to(whole.variable, order).data;
  // Blocks stay where every operand of the result's shape is cut alike.
  std::optional<Shape> chunks;
  for (const Value& value : values) {
    const auto operand = value.as<DaskArrayObject>();
    if (!operand || operand->data->ndim() == 0) continue;
    const Shape own = operand->data->shape == data->shape ? operand->chunks : Shape{};
    if (chunks && *chunks != own) chunks = Shape{};
    else if (!chunks) chunks = own;
  }
  return make_dask_array(std::move(data), chunks.value_or(Shape{}));
}

std::string repr_of_dask_array(const DaskArrayObject& array) {
  return "dask.array<array, shape=" + format_tuple(array.data->shape) + ", dtype=" + name_of(array.data->dtype) + ">";
}

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += digits[static_cast<unsigned>(byte) >> 4];
    text += digits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

std::vector<std::byte> from_hex(const std::string& text) {
  const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
  return bytes;
}

void add_dask_array(BindingTable& table) {
  table.property(Type::dask, "array", Type::dask_array_module,
                 [](Interpreter&, const Arguments&) -> Value { return std::make_shared<ModuleObject>(Type::dask_array_module); });
  const Type module = Type::dask_array_module;
  table.method(module, "from_delayed", "value, shape, dtype=, meta=, name=", Type::dask_array, from_delayed);
  table.method(module, "concatenate", "seq, axis=", Type::dask_array, concatenate);
  table.method(module, "stack", "seq, axis=", Type::dask_array, stack);
  const Type own = Type::dask_array;
  for (const char* name : {"sum", "mean", "min", "max", "prod", "any", "all"}) table.method(own, name, "axis=, keepdims=", Type::dask_array, reduce);
  for (const char* name : {"std", "var"}) table.method(own, name, "axis=, ddof=, keepdims=", Type::dask_array, reduce);
  table.method(own, "astype", "dtype", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    return through_labelled({args.self}, [&](const Values& v) { return in.call(in.attribute(v[0], "astype"), {args.get("dtype")}); });
  });
  table.method(own, "round", "decimals=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    const Value decimals = args.given("decimals") ? args.get("decimals") : Value(0);
    return through_labelled({args.self}, [&](const Values& v) { return in.call(in.attribute(v[0], "round"), {decimals}); });
  });
  for (const char* name : {"compute", "persist"})
    table.method(own, name, "**kwargs", any, [](Interpreter& in, const Arguments& args) -> Value {
      const Value values = computed_dask_array(in, self_array(args));
      if (args.binding->name == "compute") return values;
      return make_dask_array(array::constant(values.as<ArrayObject>()->array), self_array(args).chunks);
    });
  table.property(own, "T", Type::dask_array, [](Interpreter&, const Arguments& args) {
    std::vector<int> axes(self_array(args).data->shape.size());
    std::iota(axes.rbegin(), axes.rend(), 0);
    Shape chunks = self_array(args).chunks;
    std::reverse(chunks.begin(), chunks.end());
    return make_dask_array(array::permute(self_array(args).data, axes), std::move(chunks));
  });
  table.method(own, "transpose", "axes=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    const int ndim = self_array(args).data->ndim();
    std::vector<int> axes(static_cast<std::size_t>(ndim));
    std::iota(axes.rbegin(), axes.rend(), 0);
    if (args.given("axes")) {
      const Values given = elements_of(in, args.get("axes"));
      if (static_cast<int>(given.size()) != ndim) throw ValueError("axes don't match array");
      for (int i = 0; i < ndim; ++i) {
        const std::int64_t axis = to_integer(given[i], "an axis");
        axes[i] = static_cast<int>(axis < 0 ? axis + ndim : axis);
      }
      std::vector<int> sorted = axes;
      std::sort(sorted.begin(), sorted.end());
      for (int i = 0; i < ndim; ++i)
        if (sorted[i] != i) throw ValueError("axes don't match array");
    }
    Shape chunks;
    for (const int axis : axes)
      if (!self_array(args).chunks.empty()) chunks.push_back(self_array(args).chunks[axis]);
    return make_dask_array(array::permute(self_array(args).data, axes), std::move(chunks));
  });
  table.method(own, "rechunk", "chunks=, threshold=, block_size_limit=, balance=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    Shape sizes = parse_chunks(in, args.given("chunks") ? args.get("chunks") : Value("auto"), self_array(args).data->shape);
    array::ExprPtr data = array::rechunk(self_array(args).data, sizes);
    return make_dask_array(std::move(data), std::move(sizes));
  });
  // Known where a script has cut the array.
  const auto known_chunks = [](const Arguments& args) {
    const DaskArrayObject& array = self_array(args);
    const bool known = array.chunks.size() == array.data->shape.size() &&
                       std::find(array.chunks.begin(), array.chunks.end(), 0) == array.chunks.end();
    if (!known && array.data->ndim() > 0)
      throw UnsupportedError("'" + args.binding->name + "' of an array that Rankine cuts itself is not supported: say rechunk(...) first");
    return array.chunks;
  };
  static const auto chunks_of = known_chunks;
  table.property(own, "chunks", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    const Shape sizes = chunks_of(args);
    Values all;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
      Values along;
      for (std::int64_t at = 0; at < self_array(args).data->shape[axis]; at += sizes[axis])
        along.push_back(std::min(sizes[axis], self_array(args).data->shape[axis] - at));
      all.push_back(make_tuple(std::move(along)));
    }
    return make_tuple(std::move(all));
  });
  table.property(own, "chunksize", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    Values all;
    for (const std::int64_t size : chunks_of(args)) all.push_back(size);
    return make_tuple(std::move(all));
  });
  table.property(own, "numblocks", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    const Shape sizes = chunks_of(args);
    Values all;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) all.push_back((self_array(args).data->shape[axis] + sizes[axis] - 1) / sizes[axis]);
    return make_tuple(std::move(all));
  });
  table.property(own, "npartitions", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    const Shape sizes = chunks_of(args);
    std::int64_t count = 1;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) count *= (self_array(args).data->shape[axis] + sizes[axis] - 1) / sizes[axis];
    return count;
  });
  table.property(own, "shape", Type::tuple, [](Interpreter&, const Arguments& args) -> Value {
    Values extents;
    for (const std::int64_t extent : self_array(args).data->shape) extents.push_back(extent);
    return make_tuple(std::move(extents));
  });
  table.property(own, "ndim", Type::integer, [](Interpreter&, const Arguments& args) -> Value { return self_array(args).data->ndim(); });
  table.property(own, "size", Type::integer, [](Interpreter&, const Arguments& args) -> Value { return element_count(self_array(args).data->shape); });
  table.property(own, "nbytes", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    return static_cast<std::int64_t>(array::bytes_of(*self_array(args).data).value);
  });
  table.property(own, "dtype", Type::dtype, [](Interpreter&, const Arguments& args) -> Value {
    auto dtype = std::make_shared<DTypeObject>();
    dtype->dtype = self_array(args).data->dtype;
    return dtype;
  });
}

}  // namespace rankine::script
