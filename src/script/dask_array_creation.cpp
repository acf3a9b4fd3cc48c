// Dask arrays made from nothing, or cut from a NumPy array.
#include <numeric>

#include "base/error.hpp"
#include "script/dask_array.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

Value with_chunks(Interpreter& in, array::ExprPtr data, const Arguments& args) {
  const Value chunks = args.given("chunks") ? args.get("chunks") : Value("auto");
  Shape sizes = parse_chunks(in, chunks, data->shape);
  data = array::rechunk(data, sizes);
  return make_dask_array(std::move(data), std::move(sizes));
}

Value filled(Interpreter& in, const Arguments& args, const Value& fill, const Value& dtype) {
  NdArray value = to_nd_array(fill, "fill_value");
  if (value.ndim() != 0) throw ValueError("fill_value must be one number");
  const Shape shape = to_shape(in, args.get("shape"));
  const DType type = dtype.is_none() ? value.dtype() : to_dtype(dtype);
  array::ExprPtr one = array::cast(array::constant(value.reshaped(Shape(shape.size(), 1))), type);
  return with_chunks(in, array::broadcast(one, shape), args);
}

/// A random array: each element is a function of the seed and its position, so it is the same whatever the blocks and ranks.
Value random_array(Interpreter& in, const Arguments& args, const char* distribution, double a, double b) {
  const Value size = args.get("size");
  const Shape shape = size.is_none() ? Shape{} : to_shape(in, size);
  std::string extents;
  for (const std::int64_t extent : shape) extents += std::to_string(extent) + " ";
  array::UserMap node;
  node.kernel = random_array_kernel;
  const std::uint64_t seed = in.dask_random_seed ? *in.dask_random_seed : in.host().entropy();
  if (in.dask_random_seed) ++*in.dask_random_seed;
  node.parameters = {{"distribution", std::string(distribution)}, {"seed", std::to_string(seed)}, {"shape", extents}, {"a", a}, {"b", b}};
  const bool whole = std::string(distribution) == "integers";
  const Value chunks = args.given("chunks") ? args.get("chunks") : Value("auto");
  Shape sizes = parse_chunks(in, chunks, shape);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    array::UserMap::Axis along;
    along.output = static_cast<int>(axis);
    along.block = sizes[axis];
    node.axes.push_back(along);
  }
  // Zeros that are never stored give the kernel its blocks.
  const auto zeros = array::broadcast(array::constant(NdArray::zeros(DType::float64, Shape(shape.size(), 1))), shape);
  return make_dask_array(array::user_map({zeros}, std::move(node), whole ? DType::int64 : DType::float64, shape), std::move(sizes));
}

double number(const Arguments& args, const char* name, double otherwise) {
  return args.given(name) ? to_double(args.get(name), name) : otherwise;
}

}  // namespace

Shape parse_chunks(Interpreter& in, const Value& chunks, const Shape& shape) {
  const auto one = [](const Value& value, std::int64_t extent) -> std::int64_t {
    if (value.is_none()) return 0;
    if (const auto* text = value.text()) {
      if (*text == "auto") return 0;
      throw UnsupportedError("chunks='" + *text + "' is not supported; give numbers or 'auto'");
    }
    if (const auto tuple = value.as<TupleObject>()) {   // all sizes, one by one
      std::int64_t first = 0, sum = 0;
      for (std::size_t i = 0; i < tuple->elements.size(); ++i) {
        const std::int64_t size = to_integer(tuple->elements[i], "a chunk size");
        if (i == 0) first = size;
        if (size > first || (size < first && i + 1 < tuple->elements.size()))
          throw UnsupportedError("chunks of several sizes along one axis are not supported");
        sum += size;
      }
      if (sum != extent) throw ValueError("Chunks do not add up to shape");
      return std::max<std::int64_t>(1, first);
    }
    const std::int64_t size = to_integer(value, "a chunk size");
    if (size < -1 || (size == 0 && extent > 0)) throw ValueError("a chunk size must be positive, or -1 for the whole axis");
    return size == -1 ? std::max<std::int64_t>(1, extent) : std::min(size, std::max<std::int64_t>(1, extent));
  };
  Shape sizes(shape.size(), 0);
  if (const auto dict = chunks.as<DictObject>()) {
    dict->each([&](const Value& axis, const Value& size) {
      std::int64_t number = to_integer(axis, "an axis");
      if (number < 0) number += static_cast<std::int64_t>(shape.size());
      if (number < 0 || number >= static_cast<std::int64_t>(shape.size())) throw ValueError("chunks name an axis that the array lacks");
      sizes[static_cast<std::size_t>(number)] = one(size, shape[static_cast<std::size_t>(number)]);
    });
    return sizes;
  }
  const bool by_axis = chunks.type() == Type::tuple || chunks.type() == Type::list;
  const Values given = by_axis ? elements_of(in, chunks) : Values(shape.size(), chunks);
  if (given.size() != shape.size())
    throw ValueError("Chunks and shape must be of the same length/dimension. Got chunks of " + std::to_string(given.size()) + ", shape of " +
                     std::to_string(shape.size()));
  for (std::size_t axis = 0; axis < shape.size(); ++axis) sizes[axis] = one(given[axis], shape[axis]);
  return sizes;
}

void add_dask_array_creation(BindingTable& table) {
  const Type module = Type::dask_array_module;
  table.method(module, "from_array", "x, chunks=, name=, **kwargs", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    return with_chunks(in, expression_of(in, args.get("x"), "an array"), args);
  });
  table.method(module, "asarray", "x, chunks=, **kwargs", Type::dask_array, [](Interpreter& in, const Arguments& args) -> Value {
    if (is_dask_array(args.get("x"))) return args.get("x");
    return with_chunks(in, expression_of(in, args.get("x"), "an array"), args);
  });
  for (const char* name : {"ones", "zeros", "empty"})
    table.method(module, name, "shape, dtype=, chunks=, name=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
      return filled(in, args, args.binding->name == "ones" ? 1.0 : 0.0, args.get("dtype"));
    });
  table.method(module, "full", "shape, fill_value, dtype=, chunks=, name=", Type::dask_array,
               [](Interpreter& in, const Arguments& args) { return filled(in, args, args.get("fill_value"), args.get("dtype")); });
  table.method(module, "arange", "start, stop=, step=, chunks=, dtype=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    Values given;
    for (const char* name : {"start", "stop", "step"})
      if (args.given(name)) given.push_back(args.get(name));
    const Value values = in.call(in.attribute(std::make_shared<ModuleObject>(Type::numpy), "arange"), given);
    array::ExprPtr data = array::constant(values.as<ArrayObject>()->array);
    if (args.given("dtype")) data = array::cast(data, to_dtype(args.get("dtype")));
    return with_chunks(in, data, args);
  });
  table.method(module, "linspace", "start, stop, num=, endpoint=, chunks=, dtype=", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    Keywords keywords;
    for (const char* name : {"num", "endpoint"})
      if (args.given(name)) keywords.emplace_back(name, args.get(name));
    const Value values = in.call(in.attribute(std::make_shared<ModuleObject>(Type::numpy), "linspace"), {args.get("start"), args.get("stop")}, keywords);
    return with_chunks(in, array::constant(values.as<ArrayObject>()->array), args);
  });
  table.property(module, "random", Type::dask_array_random,
                 [](Interpreter&, const Arguments&) -> Value { return std::make_shared<ModuleObject>(Type::dask_array_random); });

  const Type random = Type::dask_array_random;
  for (const char* name : {"random", "random_sample"})
    table.method(random, name, "size=, chunks=, **kwargs", Type::dask_array,
                 [](Interpreter& in, const Arguments& args) { return random_array(in, args, "uniform", 0, 1); });
  table.method(random, "uniform", "low=, high=, size=, chunks=, **kwargs", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    return random_array(in, args, "uniform", number(args, "low", 0), number(args, "high", 1));
  });
  table.method(random, "normal", "loc=, scale=, size=, chunks=, **kwargs", Type::dask_array, [](Interpreter& in, const Arguments& args) {
    return random_array(in, args, "normal", number(args, "loc", 0), number(args, "scale", 1));
  });
  table.method(random, "standard_normal", "size=, chunks=, **kwargs", Type::dask_array,
               [](Interpreter& in, const Arguments& args) { return random_array(in, args, "normal", 0, 1); });
  for (const char* name : {"randint", "integers"})
    table.method(random, name, "low, high=, size=, chunks=, **kwargs", Type::dask_array, [](Interpreter& in, const Arguments& args) {
      const double low = args.given("high") ? to_double(args.get("low"), "low") : 0;
      const double high = args.given("high") ? to_double(args.get("high"), "high") : to_double(args.get("low"), "low");
      if (!(high > low)) throw ValueError("low >= high");
      return random_array(in, args, "integers", low, high);
    });
  table.method(random, "seed", "seed=", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    in.dask_random_seed.reset();
    if (args.given("seed")) in.dask_random_seed = static_cast<std::uint64_t>(to_integer(args.get("seed"), "a seed")) << 20;
    return {};
  });
  for (const char* name : {"RandomState", "default_rng"})
    table.method(random, name, "seed=", random, [](Interpreter& in, const Arguments& args) -> Value {
      if (args.given("seed")) in.dask_random_seed = static_cast<std::uint64_t>(to_integer(args.get("seed"), "a seed")) << 20;
      return std::make_shared<ModuleObject>(Type::dask_array_random);
    });
}

}  // namespace rankine::script
