// Functions of the script over the blocks of dask arrays, and NumPy's functions by da's names.
#include <algorithm>

#include "array/evaluate.hpp"
#include "base/error.hpp"
#include "script/block_call.hpp"
#include "script/dask_array.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

/// Dask tells a function where its block lies if it asks for that.
void refuse_block_info(const Value& function) {
  const auto f = function.as<FunctionObject>();
  if (!f || !f->definition) return;
  for (const auto& p : f->definition->parameters)
    if (p.name == "block_id" || p.name == "block_info")
      throw UnsupportedError("'" + p.name + "' as a parameter of a function over blocks is not supported");
}

int ndim_of(const Values& arrays) {
  int ndim = 0;
  for (const Value& array : arrays) ndim = std::max(ndim, array.as<DaskArrayObject>()->data->ndim());
  return ndim;
}

std::vector<int> axes_of(Interpreter& in, const Value& value, int ndim, const char* what) {
  std::vector<int> axes;
  if (value.is_none()) return axes;
  const bool several = value.type() == Type::list || value.type() == Type::tuple;
  for (const Value& axis : several ? elements_of(in, value) : Values{value}) {
    std::int64_t number = to_integer(axis, what);
    if (number < 0) number += ndim;
    if (number < 0 || number >= ndim) throw ValueError(std::string(what) + " " + std::to_string(number) + " is out of bounds");
    axes.push_back(static_cast<int>(number));
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

struct Halo {
  std::vector<std::int64_t> depth;
  std::vector<kernel::Boundary> boundary;
  std::vector<double> fill;
};

/// The call as a layer: one block in for one block out, along axes that broadcast as NumPy's do.
Value mapped(Interpreter& in, BlockCall call, const Values& arrays, const Arguments& args, const Halo& halo) {
  refuse_block_info(call.function);
  const int ndim = ndim_of(arrays);
  std::vector<array::ExprPtr> data;
  Shape shape(static_cast<std::size_t>(ndim), 1), chunks(static_cast<std::size_t>(ndim), 0);
  for (const Value& value : arrays) {
    const auto array = value.as<DaskArrayObject>();
    std::vector<int> axes(static_cast<std::size_t>(ndim), -1);
    const int lead = ndim - array->data->ndim();
    for (int axis = 0; axis < array->data->ndim(); ++axis) axes[lead + axis] = axis;
    data.push_back(array::permute(array->data, axes));
    for (int axis = 0; axis < ndim; ++axis) {
      const std::int64_t extent = data.back()->shape[axis];
      if (extent != 1 && shape[axis] != 1 && extent != shape[axis])
        throw ValueError("operands could not be broadcast together: " + std::to_string(extent) + " and " + std::to_string(shape[axis]) + " elements along axis " + std::to_string(axis));
      shape[axis] = std::max(shape[axis], extent);
      if (axis >= lead && array->chunks.size() == array->data->shape.size() && extent > 1 && chunks[axis] == 0) chunks[axis] = array->chunks[axis - lead];
    }
  }
  const std::vector<int> dropped = axes_of(in, args.get("drop_axis"), ndim, "drop_axis");
  array::UserMap node;
  node.kernel = block_call_kernel;
  node.axes.resize(static_cast<std::size_t>(ndim));
  Shape result, result_chunks;
  for (int axis = 0; axis < ndim; ++axis) {
    auto& along = node.axes[axis];
    if (std::binary_search(dropped.begin(), dropped.end(), axis)) {
      along.whole = true;
      continue;
    }
    along.output = static_cast<int>(result.size());
    along.block = chunks[axis];
    along.before = along.after = halo.depth.empty() ? 0 : halo.depth[axis];
    if (!halo.depth.empty()) {
      along.boundary = halo.boundary[axis];
      along.fill = halo.fill[axis];
    }
    result.push_back(shape[axis]);
    result_chunks.push_back(chunks[axis]);
  }
  const Value wanted = args.get("chunks");
  const std::vector<int> added = axes_of(in, args.get("new_axis"), static_cast<int>(result.size()) + 64, "new_axis");
  if (!added.empty()) {
    // New axes are whole; their extents are what chunks= says, else 1. They come last in a block, then to their places.
    const Values sizes = wanted.is_none() ? Values() : elements_of(in, wanted);
    for (const int axis : added) {
      if (axis != static_cast<int>(result.size())) throw UnsupportedError("new_axis before other axes is not supported");
      result.push_back(static_cast<std::size_t>(axis) < sizes.size() && sizes[axis].integer() != nullptr ? *sizes[axis].integer() : 1);
      result_chunks.push_back(result.back());
    }
  } else if (!wanted.is_none()) {
    const Shape asked = parse_chunks(in, wanted, result);
    for (std::size_t axis = 0; axis < result.size(); ++axis)
      if (asked[axis] != 0 && result_chunks[axis] != 0 && asked[axis] != result_chunks[axis])
        throw UnsupportedError("a function that changes the extents of blocks (chunks=) is not supported, apart from drop_axis and new_axis");
  }
  DType dtype = DType::float64;
  if (args.given("dtype")) {
    dtype = to_dtype(args.get("dtype"));
  } else {
    std::vector<NdArray> small;
    for (const auto& input : data) small.push_back(array::evaluate_constant(array::cast(array::constant(NdArray::from(std::vector<double>{1}, Shape(input->shape.size(), 1))), input->dtype)));
    BlockCall trial = call;
    trial.positional = with_block_marks(std::move(trial.positional), arrays);
    dtype = to_known_values(in, try_on_small_blocks(in, trial, small, "dtype="), "what the function gives").dtype();
  }
  node.parameters = {{"call", to_hex(write_block_call(in, call, arrays))}};
  return make_dask_array(array::user_map(std::move(data), std::move(node), dtype, result), std::move(result_chunks));
}

/// Arrays among the arguments become blocks; NumPy's too, everything else is given as it is.
void take_arrays(Interpreter& in, Values& positional, Values& arrays) {
  for (Value& value : positional) {
    if (const auto array = value.as<ArrayObject>(); array && array->array.ndim() > 0) {
      const array::ExprPtr data = expression_of(in, value, "an array");
      value = make_dask_array(data, {});
    }
    if (is_dask_array(value) && std::none_of(arrays.begin(), arrays.end(), [&](const Value& a) { return a.same(value); })) arrays.push_back(value);
  }
}

/// The function and what the script gives it, the array that the method was called on first.
BlockCall call_of(const Arguments& args) {
  BlockCall call;
  call.function = args.get("func");
  if (args.self.type() == Type::dask_array) call.positional.push_back(args.self);
  call.positional.insert(call.positional.end(), args.rest.begin(), args.rest.end());
  call.keywords = args.keywords;
  return call;
}

Value map_blocks(Interpreter& in, const Arguments& args) {
  BlockCall call = call_of(args);
  Values arrays;
  take_arrays(in, call.positional, arrays);
  if (arrays.empty()) throw UnsupportedError("map_blocks() without an array is not supported");
  return mapped(in, std::move(call), arrays, args, {});
}

Halo halo_of(Interpreter& in, const Arguments& args, int ndim) {
  Halo halo;
  halo.depth.assign(static_cast<std::size_t>(ndim), 0);
  halo.boundary.assign(static_cast<std::size_t>(ndim), kernel::Boundary::none);
  halo.fill.assign(static_cast<std::size_t>(ndim), 0);
  const auto by_axis = [&](const Value& value, const std::function<void(int, const Value&)>& f) {
    if (const auto dict = value.as<DictObject>()) {
      dict->each([&](const Value& axis, const Value& v) {
        const std::int64_t number = to_integer(axis, "an axis");
        if (number < -ndim || number >= ndim) throw ValueError("depth or boundary names an axis that the array lacks");
        f(static_cast<int>(number < 0 ? number + ndim : number), v);
      });
    } else if (value.type() == Type::tuple || value.type() == Type::list) {
      const Values all = elements_of(in, value);
      if (static_cast<int>(all.size()) != ndim) throw ValueError("depth and boundary must have one entry for each axis");
      for (int axis = 0; axis < ndim; ++axis) f(axis, all[axis]);
    } else {
      for (int axis = 0; axis < ndim; ++axis) f(axis, value);
    }
  };
  by_axis(args.get("depth"), [&](int axis, const Value& v) { halo.depth[axis] = v.is_none() ? 0 : to_integer(v, "depth"); });
  if (!args.given("boundary")) return halo;
  by_axis(args.get("boundary"), [&](int axis, const Value& v) {
    if (v.is_none()) return;
    if (const auto* text = v.text()) {
      const auto known = kernel::boundary_named(*text);
      if (!known) throw ValueError("boundary='" + *text + "' is none of 'none', 'reflect', 'periodic', 'nearest', or a number");
      halo.boundary[axis] = *known;
    } else {
      halo.boundary[axis] = kernel::Boundary::constant;
      halo.fill[axis] = to_double(v, "boundary");
    }
  });
  return halo;
}

Value map_overlap(Interpreter& in, const Arguments& args) {
  BlockCall call = call_of(args);
  if (args.given("trim") && !truth(in, args.get("trim"))) throw UnsupportedError("map_overlap(trim=False) is not supported");
  // Dask once took the array first: da.map_overlap(x, func).
  if (is_dask_array(call.function) && !call.positional.empty()) std::swap(call.function, call.positional[0]);
  Values arrays;
  take_arrays(in, call.positional, arrays);
  if (arrays.empty()) throw UnsupportedError("map_overlap() without an array is not supported");
  if (!args.given("depth")) throw TypeError("map_overlap() needs depth=");
  return mapped(in, std::move(call), arrays, args, halo_of(in, args, ndim_of(arrays)));
}

}  // namespace

void add_dask_array_blocks(BindingTable& table) {
  const Type module = Type::dask_array_module, own = Type::dask_array;
  constexpr const char* map_signature = "func, *args, dtype=, chunks=, drop_axis=, new_axis=, name=, token=, meta=, enforce_ndim=, **kwargs";
  table.method(module, "map_blocks", map_signature, own, map_blocks);
  table.method(own, "map_blocks", map_signature, own, map_blocks);
  table.method(module, "map_overlap", "func, *args, depth=, boundary=, trim=, dtype=, chunks=, drop_axis=, new_axis=, align_arrays=, allow_rechunk=, meta=, **kwargs",
               own, map_overlap);
  table.method(own, "map_overlap", "func, depth=, boundary=, trim=, dtype=, chunks=, drop_axis=, new_axis=, align_arrays=, allow_rechunk=, meta=, *args, **kwargs",
               own, map_overlap);

  // NumPy's functions of arrays: lazy where NumPy's are not.
  const auto numpy_function = [](Interpreter& in, const Arguments& args) -> Value {
    Values values;
    for (const auto& slot : args.slots)
      if (slot) values.push_back(*slot);
    if (std::none_of(values.begin(), values.end(), is_dask_array))
      for (Value& value : values)
        if (value.type() == Type::ndarray || value.type() == Type::list) value = make_dask_array(expression_of(in, value, "an array"), {});
    return in.call(in.attribute(std::make_shared<ModuleObject>(Type::numpy), args.binding->name), std::move(values));
  };
  for (const char* name : {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square", "sin", "cos", "tan", "arcsin", "arccos",
                           "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "absolute", "abs", "fabs", "floor", "ceil", "rint", "trunc",
                           "sign", "negative", "isnan", "isfinite", "isinf", "logical_not", "invert", "radians", "degrees", "deg2rad", "rad2deg"})
    table.method(module, name, "x", own, numpy_function);
  for (const char* name : {"add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "power", "mod", "remainder", "maximum", "minimum",
                           "arctan2", "hypot", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or",
                           "logical_xor"})
    table.method(module, name, "x1, x2", own, numpy_function);
  table.method(module, "where", "condition, x, y", own, numpy_function);
  table.method(module, "clip", "a, a_min, a_max", own, numpy_function);
  const auto method = [](Interpreter& in, const Arguments& args) -> Value {
    Value array = args.get("a");
    if (!is_dask_array(array)) array = make_dask_array(expression_of(in, array, "an array"), {});
    Keywords keywords;
    for (std::size_t i = 1; i < args.slots.size(); ++i)
      if (args.slots[i]) keywords.emplace_back(args.binding->parameters[i].name, *args.slots[i]);
    return in.call(in.attribute(array, args.binding->name), {}, keywords);
  };
  for (const char* name : {"sum", "mean", "min", "max", "prod", "any", "all"}) table.method(module, name, "a, axis=, keepdims=", own, method);
  for (const char* name : {"std", "var"}) table.method(module, name, "a, axis=, ddof=, keepdims=", own, method);
  table.method(module, "transpose", "a, axes=", own, method);
  table.method(module, "compute", "*args, **kwargs", Type::tuple, [](Interpreter& in, const Arguments& args) -> Value {
    return in.call(in.attribute(std::make_shared<ModuleObject>(Type::dask), "compute"), args.rest);
  });
}

}  // namespace rankine::script
