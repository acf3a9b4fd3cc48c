// xr.apply_ufunc and xr.map_blocks: functions of the script over the blocks of labelled arrays.
#include <algorithm>

#include "array/alignment.hpp"
#include "array/elementwise_apply.hpp"
#include "array/evaluate.hpp"
#include "array/reshape.hpp"
#include "array/user_blocks.hpp"
#include "base/error.hpp"
#include "script/block_call.hpp"
#include "script/dask_array.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

using Names = std::vector<std::string>;

bool holds(const Names& names, const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// [["time"], []] and the like; absent: none for each.
std::vector<Names> core_dims(Interpreter& in, const Arguments& args, const char* name, std::size_t count) {
  std::vector<Names> all;
  if (args.given(name)) {
    for (const Value& dims : elements_of(in, args.get(name))) {
      all.emplace_back();
      for (const Value& dim : dims.text() != nullptr ? Values{dims} : elements_of(in, dims)) all.back().push_back(to_text(dim, name));
    }
  } else {
    all.resize(count);
  }
  return all;
}

NdArray ones(const Shape& shape, DType dtype) {
  return array::evaluate_constant(array::cast(array::broadcast(array::constant(NdArray::from(std::vector<double>{1}, Shape(shape.size(), 1))), shape), dtype));
}

/// A coordinate can be given to blocks: numbers and dates of numpy's kind.
bool is_plain(const array::Variable& variable) { return variable.dtype() != DType::string && variable.dtype() != DType::cftime; }

Value apply_to_arrays(Interpreter& in, const Arguments& args, const Values& given) {
  BlockCall call;
  call.kind = BlockCall::Kind::ufunc;
  call.function = args.get("func");
  call.positional = given;
  call.vectorize = args.given("vectorize") && truth(in, args.get("vectorize"));
  if (args.given("kwargs")) {
    const auto kwargs = args.get("kwargs").as<DictObject>();
    if (!kwargs) throw TypeError("kwargs must be a dict");
    kwargs->each([&](const Value& name, const Value& value) { call.keywords.emplace_back(to_text(name, "a keyword"), value); });
  }
  const std::vector<Names> inputs_core = core_dims(in, args, "input_core_dims", given.size());
  if (inputs_core.size() != given.size())
    throw ValueError("input_core_dims must be None or a tuple with the length same to the number of input arguments. Given " +
                     std::to_string(inputs_core.size()) + " input_core_dims, but number of args is " + std::to_string(given.size()) + ".");
  const std::vector<Names> outputs_core = core_dims(in, args, "output_core_dims", 1);
  if (outputs_core.size() != 1) throw UnsupportedError("apply_ufunc() with several results is not supported");
  const Names& output_core = outputs_core[0];

  Values inputs;
  std::vector<array::DataArray> arrays;
  std::vector<Names> own_core;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i].as<DataArrayObject>()) continue;
    inputs.push_back(given[i]);
    arrays.push_back(to_data_array(given[i], "an argument of apply_ufunc()"));
    own_core.push_back(inputs_core[i]);
    for (const auto& dim : inputs_core[i])
      if (!holds(arrays.back().dims(), dim))
        throw ValueError("operand to apply_ufunc has required core dimensions " + array::format_names(inputs_core[i]) +
                         ", but some of them are missing: it has " + array::format_names(arrays.back().dims()));
  }
  if (arrays.empty()) throw UnsupportedError("apply_ufunc() without a DataArray or Dataset is not supported");

  Names all_core, loop;
  for (const Names& core : own_core)
    for (const auto& dim : core)
      if (!holds(all_core, dim)) all_core.push_back(dim);
  for (const auto& one : arrays)
    for (const auto& dim : one.dims())
      if (!holds(all_core, dim) && !holds(loop, dim)) loop.push_back(dim);
  for (std::size_t i = 0; i < arrays.size(); ++i)
    for (const auto& dim : arrays[i].dims())
      if (holds(all_core, dim) && !holds(own_core[i], dim))
        throw ValueError("dimension '" + dim + "' is a core dimension of one argument and not of another that has it");

  // map_blocks gives every input the same axes, in the order in which the inputs name them.
  std::vector<const array::Variable*> variables;
  for (const auto& one : arrays) variables.push_back(&one.variable);
  const Names axes = array::names_of(array::unified_sizes(variables));
  const auto axis_of = [&](const std::string& dim) { return static_cast<int>(std::find(axes.begin(), axes.end(), dim) - axes.begin()); };
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    std::vector<int> order;
    const Names own = arrays[i].dims();
    // Loop dims that an input lacks stand as axes of extent 1, those in front of its first are left out as NumPy would.
    for (const auto& dim : loop)
      if (holds(own, dim) || !order.empty() || call.vectorize) order.push_back(holds(own, dim) ? axis_of(dim) : -1);
    for (const auto& dim : own_core[i]) order.push_back(axis_of(dim));
    call.axes.push_back(order);
  }
  call.core_ndim = static_cast<int>(output_core.size());

  array::UserMapOptions options;
  options.core_dims = options.drop_dims = all_core;
  options.new_dims.emplace();
  const Value gufunc = args.get("dask_gufunc_kwargs");
  const auto sizes_from = [&](const Value& value) { return value.as<DictObject>(); };
  auto output_sizes = args.given("output_sizes") ? sizes_from(args.get("output_sizes")) : nullptr;
  if (const auto dict = gufunc.as<DictObject>(); dict && dict->find("output_sizes") != nullptr) output_sizes = sizes_from(*dict->find("output_sizes"));
  for (const auto& dim : output_core) {
    std::int64_t extent = -1;
    for (const auto& one : arrays)
      if (holds(one.dims(), dim)) extent = one.variable.size_of_dim(dim);
    if (output_sizes)
      if (const Value* size = output_sizes->find(dim)) extent = to_integer(*size, "an output size");
    if (extent < 0) throw ValueError("dimension '" + dim + "' in 'output_core_dims' needs corresponding (dim, size) in 'output_sizes'");
    options.new_dims->emplace_back(dim, extent);
  }
  std::string dtype;
  if (args.given("output_dtypes")) {
    dtype = name_of(to_dtype(elements_of(in, args.get("output_dtypes")).at(0)));
  } else {
    std::vector<NdArray> small;
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      Shape shape;
      for (const auto& dim : axes)
        shape.push_back(holds(own_core[i], dim) ? arrays[i].variable.size_of_dim(dim) : 1);
      small.push_back(ones(shape, arrays[i].dtype()));
    }
    BlockCall trial = call;
    trial.positional = with_block_marks(std::move(trial.positional), inputs);
    dtype = name_of(to_known_values(in, try_on_small_blocks(in, trial, small, "output_dtypes="), "what the function gives").dtype());
  }
  options.dtype = dtype;
  options.parameters = {{"call", to_hex(write_block_call(in, call, inputs))}};
  array::DataArray result = array::map_blocks(block_call_kernel, arrays, options);
  // xarray's order: loop dims as they come, then those of the function.
  Names order = loop;
  order.insert(order.end(), output_core.begin(), output_core.end());
  if (result.dims() != order) throw UnsupportedError("apply_ufunc() over these dims is not supported: transpose the arguments alike first");
  return make_value(std::move(result));
}

/// The arguments with the labels of all of them made alike; "exact", which only checks them, where the script does not say how.
Values joined(Values given, const std::string& how) {
  std::vector<array::Dataset> parts;
  for (const Value& value : given) {
    if (const auto array = value.as<DataArrayObject>()) parts.push_back(array::to_temporary_dataset(array->value()));
    if (const auto dataset = value.as<DatasetObject>()) parts.push_back(dataset->value());
  }
  if (parts.size() < 2) return given;
  parts = array::align(std::move(parts), array::parse_join(how));
  std::size_t next = 0;
  for (Value& value : given) {
    if (const auto array = value.as<DataArrayObject>())
      value = make_value(array::from_temporary_dataset(parts[next++], array->value().name));
    else if (value.type() == Type::dataset) value = make_value(std::move(parts[next++]));
  }
  return given;
}

Value apply_to_datasets(Interpreter& in, const Arguments& args, const Values& operands, const array::Dataset& model) {
  array::Dataset result;
  bool begun = false;
  for (const std::string& name : model.data_names()) {
    Values given = operands;
    for (Value& value : given)
      if (const auto dataset = value.as<DatasetObject>()) value = dataset->variable(name);
    array::DataArray one = to_data_array(apply_to_arrays(in, args, given), "the result");
    one.name = name;
    if (!begun) result = array::to_dataset(one, name);
    else result = array::assign(result, {{name, one}});
    begun = true;
  }
  return make_value(std::move(result));
}

/// How attributes of several objects become one's, as array::combine_attributes names it.
std::string attributes_kept(Interpreter& in, const Arguments& args) {
  const Value keep = args.get("keep_attrs");
  if (keep.text() != nullptr) return *keep.text();
  return (keep.is_none() ? in.keep_attrs.value_or(false) : truth(in, keep)) ? "override" : "drop";
}

Value apply_ufunc(Interpreter& in, const Arguments& args) {
  if (args.given("exclude_dims")) throw UnsupportedError("argument 'exclude_dims' of apply_ufunc() is not supported");
  if (args.given("dataset_join") && to_text(args.get("dataset_join"), "dataset_join") != "exact")
    throw UnsupportedError("dataset_join= of apply_ufunc() other than \"exact\" is not supported");
  const Values given = joined(args.rest, args.given("join") ? to_text(args.get("join"), "join") : "exact");
  const bool any_array = std::any_of(given.begin(), given.end(), is_labelled);
  const bool plain = !args.given("input_core_dims") && !args.given("output_core_dims") && !args.given("vectorize") && !args.given("kwargs");
  const auto function = args.get("func").as<FunctionObject>();
  const auto first = std::find_if(given.begin(), given.end(), [](const Value& v) { return v.type() == Type::dataset; });
  Value result;
  // NumPy's own functions need no blocks: they are lazy here.
  if (plain && any_array && function && function->binding != nullptr) result = in.call(args.get("func"), given);
  else if (first == given.end()) result = apply_to_arrays(in, args, given);
  else result = apply_to_datasets(in, args, given, first->as<DatasetObject>()->value());
  if (!is_labelled(result)) return result;
  std::vector<array::Operand> operands;
  for (const Value& value : given)
    if (is_labelled(value)) operands.push_back(to_operand(value, "an argument"));
  array::Operand computed = to_operand(result, "the result");
  array::combine_attributes_of(operands, attributes_kept(in, args), computed);
  return make_value(std::move(computed));
}

/// The function gets a block as a DataArray with its coordinates, and gives a DataArray.
Value map_blocks(Interpreter& in, const Arguments& args) {
  const Value object = args.self.type() == Type::data_array ? args.self : args.get("obj");
  if (object.type() == Type::dataset) throw UnsupportedError("map_blocks() of a Dataset is not supported; map its arrays one by one");
  const array::DataArray array = to_data_array(object, "obj");
  BlockCall call;
  call.kind = BlockCall::Kind::labelled;
  call.function = args.get("func");
  call.positional.push_back(object);
  if (args.given("args"))
    for (const Value& value : elements_of(in, args.get("args"))) {
      if (is_labelled(value)) throw UnsupportedError("map_blocks() with further arrays in args= is not supported");
      call.positional.push_back(value);
    }
  if (args.given("kwargs")) {
    const auto kwargs = args.get("kwargs").as<DictObject>();
    if (!kwargs) throw TypeError("kwargs must be a dict");
    kwargs->each([&](const Value& name, const Value& value) { call.keywords.emplace_back(to_text(name, "a keyword"), value); });
  }
  call.dims = array.dims();
  call.name = array.name.value_or("");
  std::vector<array::DataArray> inputs{array};
  for (const auto& [name, coord] : array.coords) {
    if (!is_plain(coord)) continue;
    call.coords.push_back(name);
    call.coord_dims.push_back(coord.dims);
    inputs.push_back(array::DataArray{name, coord, {}});
  }
  inputs[0].coords = {};

  array::UserMapOptions options;
  array::DataArray model;
  if (args.given("template")) {
    model = to_data_array(args.get("template"), "template");
  } else {
    // What one element of each dim gives tells the dims and the dtype.
    array::DataArray small{array.name, array::make_variable(array.dims(), array::constant(ones(Shape(array.dims().size(), 1), array.dtype()))), {}};
    small.variable.attrs = array.attrs();
    for (const auto& name : call.coords) {
      const array::Variable* coord = array.coords.find(name);
      array::Variable one = array::make_variable(coord->dims, array::constant(ones(Shape(coord->dims.size(), 1), coord->dtype())));
      one.attrs = coord->attrs;
      small.coords.set(name, std::move(one));
    }
    BlockCall trial = call;
    trial.kind = BlockCall::Kind::plain;
    trial.positional[0] = make_value(std::move(small));
    const Value result = try_on_small_blocks(in, trial, {}, "template=");
    if (!result.as<DataArrayObject>()) throw TypeError(std::string("the function of map_blocks must give a DataArray here, not ") + name_of(result.type()));
    model = to_data_array(result, "the result");
    for (const auto& dim : model.dims())
      if (!holds(array.dims(), dim) || model.variable.size_of_dim(dim) != 1) throw ValueError("what the function gives has other dims or sizes than its block; give template=");
  }
  call.result_dims = model.dims();
  options.drop_dims.emplace();
  options.core_dims.emplace();
  options.new_dims.emplace();
  for (const auto& dim : array.dims()) {
    const bool kept = holds(model.dims(), dim) && (!args.given("template") || model.variable.size_of_dim(dim) == array.variable.size_of_dim(dim));
    if (!kept) options.drop_dims->push_back(dim);
  }
  Names order;
  for (const auto& dim : array.dims())
    if (!holds(*options.drop_dims, dim)) order.push_back(dim);
  for (const auto& dim : model.dims())
    if (!holds(order, dim)) {
      options.new_dims->emplace_back(dim, model.variable.size_of_dim(dim));
      order.push_back(dim);
    }
  call.result_dims = order;
  options.dtype = name_of(model.dtype());
  Values markers{object};
  options.parameters = {{"call", to_hex(write_block_call(in, call, markers))}};
  array::DataArray result = array::map_blocks(block_call_kernel, inputs, options);
  result.coords = args.given("template") ? model.coords : array::VariableMap{};
  if (!args.given("template"))
    for (const auto& [name, coord] : array.coords)
      if (std::all_of(coord.dims.begin(), coord.dims.end(), [&](const std::string& dim) { return holds(result.dims(), dim); })) result.coords.set(name, coord);
  result.variable.attrs = model.attrs();
  result.name = args.given("template") ? model.name : array.name;
  return make_value(array::transpose(result, model.dims()));
}

}  // namespace

void add_xarray_blocks(BindingTable& table) {
  table.method(Type::xarray, "apply_ufunc",
               "func, *args, input_core_dims=, output_core_dims=, exclude_dims=, vectorize=, join=, dataset_join=, dataset_fill_value=, keep_attrs=, kwargs=, "
               "dask=, output_dtypes=, output_sizes=, meta=, dask_gufunc_kwargs=",
               Type::data_array | Type::dataset, apply_ufunc);
  table.method(Type::xarray, "map_blocks", "func, obj, args=, kwargs=, template=", Type::data_array, map_blocks);
  table.method(Type::data_array, "map_blocks", "func, args=, kwargs=, template=", Type::data_array, map_blocks);
}

}  // namespace rankine::script
