#include "array/arithmetic.hpp"
#include "array/combine.hpp"
#include "array/evaluate.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "script/array_memory.hpp"
#include "script/dask_array.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/labelled_arguments.hpp"
#include "script/operations.hpp"
#include "script/replacements.hpp"
#include "script/shared_attributes.hpp"

namespace rankine::script {

namespace {

constexpr Type xr = Type::xarray;
constexpr TypeSet labelled = Type::data_array | Type::dataset;

ChunkOptions to_chunks(const Value& value) {
  ChunkOptions chunks;
  if (value.is_none()) return chunks;
  if (const auto* text = value.text()) {
    if (*text != "auto") throw TypeError("chunks must be a dict, an int or \"auto\"");
    chunks.kind = ChunkOptions::Kind::automatic;
    return chunks;
  }
  if (value.integer() != nullptr) throw UnsupportedError("an int as chunks is not supported; give a dict of dims");
  const auto dict = value.as<DictObject>();
  if (!dict) throw TypeError(std::string("chunks must be a dict, not ") + name_of(value.type()));
  chunks.kind = dict->size() == 0 ? ChunkOptions::Kind::stored : ChunkOptions::Kind::sizes;
  dict->each([&](const Value& dim, const Value& size) {
    const bool automatic = size.text() != nullptr && *size.text() == "auto";
    chunks.sizes.emplace_back(to_text(dim, "a dim"), automatic || size.is_none() ? (automatic ? 0 : -1) : to_integer(size, "a chunk size"));
  });
  return chunks;
}

std::optional<bool> flag(Interpreter& in, const Arguments& args, const char* name) {
  if (!args.given(name)) return std::nullopt;
  return truth(in, args.get(name));
}

array::DecodeCoords to_decode_coords(Interpreter& in, const Value& value) {
  const auto* text = value.text();
  if (text == nullptr) return truth(in, value) ? array::DecodeCoords::listed : array::DecodeCoords::none;
  if (*text == "coordinates") return array::DecodeCoords::listed;
  if (*text == "all") return array::DecodeCoords::all;
  throw UsageError("decode_coords must be True, False, \"coordinates\" or \"all\", not \"" + *text + "\"");
}

OpenOptions open_options(Interpreter& in, const Arguments& args) {
  OpenOptions options;
  options.chunks = to_chunks(args.get("chunks"));
  if (args.given("engine")) options.engine = to_text(args.get("engine"), "engine");
  if (args.given("group")) options.group = to_text(args.get("group"), "group");
  options.decode_cf = flag(in, args, "decode_cf").value_or(true);
  options.mask_and_scale = flag(in, args, "mask_and_scale");
  options.decode_times = flag(in, args, "decode_times");
  options.decode_timedelta = flag(in, args, "decode_timedelta");
  options.use_cftime = flag(in, args, "use_cftime");
  if (args.given("decode_coords")) options.decode_coords = to_decode_coords(in, args.get("decode_coords"));
  if (args.given("drop_variables")) options.drop_variables = to_names(args.get("drop_variables"), "drop_variables");
  return options;
}

#define OPEN_PARAMETERS "chunks=, engine=, group=, decode_cf=, mask_and_scale=, decode_times=, decode_timedelta=, " \
                        "use_cftime=, decode_coords=, drop_variables="

array::DataArray only_variable(array::Dataset dataset) {
  const auto names = dataset.data_names();
  if (names.size() != 1)
    throw UsageError("open_dataarray: the file holds " + std::to_string(names.size()) + " data variables, not one; use open_dataset");
  array::DataArray array = array::get(dataset, names[0]);
  if (const std::string* name = dataset.attrs.text(name_of_unnamed)) array.name = *name;
  if (array.name == unnamed_variable) array.name.reset();
  return array;
}

Value open_mfdataset(Interpreter& in, const Arguments& args) {
  OpenOptions options = open_options(in, args);
  if (args.given("combine")) options.combine = to_text(args.get("combine"), "combine");
  if (options.combine != "by_coords" && options.combine != "nested")
    throw UsageError("combine must be \"by_coords\" or \"nested\"");
  if (args.given("concat_dim")) options.concat_dim = to_names(args.get("concat_dim"), "concat_dim");
  if (args.given("preprocess")) {
    const Value function = args.get("preprocess");
    options.preprocess = [&in, function](const array::Dataset& dataset) {
      return to_dataset(in.call(function, {make_value(dataset)}), "the result of preprocess");
    };
  }
  std::vector<std::string> paths;
  if (args.get("paths").text() != nullptr) paths = {*args.get("paths").text()};
  else paths = to_names(args.get("paths"), "paths");
  if (paths.empty()) throw InputError("open_mfdataset: no files to open");
  return make_value(in.host().open_mfdataset(paths, options));
}

std::vector<std::pair<std::string, array::DataArray>> named_arrays(Interpreter& in, const Value& value, const char* what) {
  std::vector<std::pair<std::string, array::DataArray>> result;
  if (value.is_none()) return result;
  if (const auto dataset = value.as<DatasetObject>()) {
    for (const auto& name : dataset->value().data_names()) result.emplace_back(name, array::get(dataset->value(), name));
    return result;
  }
  if (const auto coordinates = value.as<CoordinatesObject>()) {
    for (const auto& name : coordinate_names(*coordinates)) {
      const auto array = get_item(in, value, name);
      result.emplace_back(name, to_data_array(array, what));
    }
    return result;
  }
  const auto dict = value.as<DictObject>();
  if (!dict) throw TypeError(std::string(what) + " must be a dict, not " + name_of(value.type()));
  dict->each([&](const Value& key, const Value& v) {
    const std::string name = to_text(key, "a name");
    result.emplace_back(name, to_named_array(in, name, v));
  });
  return result;
}

array::VariableMap coordinate_map(Interpreter& in, const Value& value, const std::vector<std::string>& dims) {
  array::VariableMap map;
  const auto list = value.as<ListObject>();
  const auto tuple = value.as<TupleObject>();
  if (list || tuple) {  // coords=[lat, lon]: one a dim
    const Values& all = list ? list->elements : tuple->elements;
    if (all.size() != dims.size()) throw UsageError("coords must have one entry for each of the dims");
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto coordinate = to_named_array(in, dims[i], all[i]);
      map.set(dims[i], coordinate.variable);
    }
    return map;
  }
  for (auto& [name, array] : named_arrays(in, value, "coords")) map.set(name, array.variable);
  return map;
}

Value make_data_array_value(Interpreter& in, const Arguments& args) {
  const Value data = args.get("data");
  std::vector<std::string> dims;
  if (args.given("dims")) dims = to_names(args.get("dims"), "dims");
  array::DataArray result;
  std::optional<std::string> name;
  if (args.given("name")) name = to_text(args.get("name"), "name");
  array::Attributes attrs;
  if (args.given("attrs")) {
    const auto dict = args.get("attrs").as<DictObject>();
    if (!dict) throw TypeError("attrs must be a dict");
    attrs = to_attributes(*dict);
  }
  if (const auto other = data.as<DataArrayObject>()) {
    array::Variable variable = other->value().variable;
    if (!dims.empty()) variable.dims = dims;
    if (args.given("attrs")) variable.attrs = attrs;
    auto coords = args.given("coords") ? coordinate_map(in, args.get("coords"), variable.dims) : other->value().coords;
    return make_value(array::make_data_array(variable, coords, name ? name : other->value().name));
  }
  if (const auto lazy = data.as<DaskArrayObject>()) {
    if (dims.empty())
      for (int i = 0; i < lazy->data->ndim(); ++i) dims.push_back("dim_" + std::to_string(i));
    const auto coords = coordinate_map(in, args.get("coords"), dims);
    return make_value(array::make_data_array(array::make_variable(dims, lazy->data, attrs), coords, name));
  }
  NdArray values = to_known_values(in, data, "data");
  note_given_to_data_array(data);
  if (dims.empty() && values.ndim() > 0) {
    if (const auto dict = args.get("coords").as<DictObject>(); dict && static_cast<int>(dict->size()) == values.ndim())
      throw UsageError("xr.DataArray: give dims= beside coords=");
    for (int i = 0; i < values.ndim(); ++i) dims.push_back("dim_" + std::to_string(i));
  }
  auto coords = coordinate_map(in, args.get("coords"), dims);
  array::Variable variable = array::make_variable(dims, std::move(values), attrs);
  variable.calendar = calendar_of(data);
  Value made = make_value(array::make_data_array(std::move(variable), coords, name));
  share_attributes(made, args.get("attrs"));
  return made;
}

Value make_dataset_value(Interpreter& in, const Arguments& args) {
  array::Attributes attrs;
  if (args.given("attrs")) {
    const auto dict = args.get("attrs").as<DictObject>();
    if (!dict) throw TypeError("attrs must be a dict");
    attrs = to_attributes(*dict);
  }
  auto data = named_arrays(in, args.get("data_vars"), "data_vars");
  array::VariableMap coords = coordinate_map(in, args.get("coords"), {});
  // Values along the dim of their own name are an index, as xarray makes them.
  std::erase_if(data, [&](const auto& item) {
    if (item.second.dims() != std::vector<std::string>{item.first}) return false;
    coords.set(item.first, item.second.variable);
    return true;
  });
  Value made = make_value(array::make_dataset(data, coords, attrs));
  share_attributes(made, args.get("attrs"));
  if (const auto dict = args.get("data_vars").as<DictObject>())
    dict->each([&](const Value& key, const Value& value) { share_attributes_of(made, to_text(key, "a name"), value); });
  return made;
}

std::string option(const Arguments& args, const char* name, const std::string& fallback) {
  return args.given(name) ? to_text(args.get(name), name) : fallback;
}

Value concat(Interpreter& in, const Arguments& args) {
  array::ConcatOptions options;
  options.data_vars = option(args, "data_vars", options.data_vars);
  options.coords = option(args, "coords", options.coords);
  options.compat = option(args, "compat", options.compat);
  options.join = option(args, "join", options.join);
  options.combine_attrs = option(args, "combine_attrs", options.combine_attrs);
  std::optional<array::DataArray> labels;
  std::string dim;
  if (const auto array = args.get("dim").as<DataArrayObject>()) {
    labels = array->value();
    if (labels->dims().size() != 1) throw TypeError("dim must be a name or a 1-d array");
    dim = labels->dims()[0];
  } else {
    dim = to_text(args.get("dim"), "dim");
  }
  const Values parts = elements_of(in, args.get("objs"));
  if (parts.empty()) throw UsageError("must supply at least one object to concatenate");
  if (parts[0].type() == Type::data_array) {
    std::vector<array::DataArray> arrays;
    for (const Value& part : parts) arrays.push_back(to_data_array(part, "an object to concatenate"));
    return make_value(array::concat(arrays, dim, options, labels));
  }
  std::vector<array::Dataset> datasets;
  for (const Value& part : parts) datasets.push_back(to_dataset(part, "an object to concatenate"));
  return make_value(array::concat(datasets, dim, options, labels));
}

Value merge(Interpreter& in, const Arguments& args) {
  array::MergeOptions options;
  options.compat = option(args, "compat", options.compat);
  options.combine_attrs = option(args, "combine_attrs", options.combine_attrs);
  options.join = option(args, "join", options.join);
  std::vector<array::Labelled> objects;
  for (const Value& object : elements_of(in, args.get("objects"))) objects.push_back(to_labelled(object, "an object to merge"));
  return make_value(array::merge(objects, options));
}

/// zeros_like, ones_like, full_like: lazy, whatever the size.
Value like(Interpreter&, const Arguments& args) {
  const std::string& name = args.binding->name;
  const NdArray fill = name == "full_like" ? to_nd_array(args.get("fill_value"), "fill_value")
                                           : NdArray::scalar(std::int64_t{name == "ones_like"});
  if (fill.ndim() != 0)
    throw UsageError("fill_value must be a scalar, not an array of shape " + format_tuple(fill.shape()) +
                     "; for other values use xr.DataArray or where");
  const auto of_variable = [&](array::Variable variable) {
    const DType dtype = args.given("dtype") ? to_dtype(args.get("dtype")) : variable.dtype();
    const auto value = array::cast(array::constant(fill.reshaped(Shape(variable.shape().size(), 1))), dtype);
    variable.data = array::broadcast(value, variable.shape());
    variable.encoding = {};
    return variable;
  };
  array::Labelled other = to_labelled(args.get("other"), "the first argument");
  if (auto* array = std::get_if<array::DataArray>(&other)) {
    array->variable = of_variable(array->variable);
    return make_value(*array);
  }
  auto dataset = std::get<array::Dataset>(other);
  dataset.encoding = {};
  for (const auto& variable : dataset.data_names()) dataset.variables.set(variable, of_variable(*dataset.variables.find(variable)));
  return make_value(dataset);
}

Value set_options(Interpreter& in, const Arguments& args) {
  auto context = std::make_shared<ContextObject>();
  context->name = "set_options";
  context->previous_keep_attrs = in.keep_attrs;
  for (const auto& [name, value] : args.keywords) {
    if (name.starts_with("display_") || name == "use_bottleneck" || name == "use_flox" || name == "use_numbagg" ||
        name == "file_cache_maxsize" || name == "warn_for_unclosed_files")
      in.host().note("xr.set_options(" + name + "=...) has no effect");
    else throw UnsupportedName("xr.set_options(" + name + "=...) is not supported", replacement_for(Type::xarray, "set_options(" + name + "=)"));
  }
  if (args.given("keep_attrs")) {
    const Value keep = args.get("keep_attrs");
    if (const auto* text = keep.text(); text != nullptr && *text == "default") in.keep_attrs.reset();
    else if (keep.boolean() != nullptr) in.keep_attrs = *keep.boolean();
    else throw ValueError("option 'keep_attrs' must be True, False or \"default\"");
  }
  return context;
}

}  // namespace

void add_xarray(BindingTable& table) {
  table.method(xr, "open_dataset", "filename_or_obj, *, " OPEN_PARAMETERS ", cache=, lock=", Type::dataset,
               [](Interpreter& in, const Arguments& args) -> Value {
    return make_value(in.host().open_dataset(to_text(args.get("filename_or_obj"), "the path"), open_options(in, args)));
  });
  table.method(xr, "load_dataset", "filename_or_obj, *, " OPEN_PARAMETERS, Type::dataset,
               [](Interpreter& in, const Arguments& args) -> Value {
    return make_value(in.host().open_dataset(to_text(args.get("filename_or_obj"), "the path"), open_options(in, args)));
  });
  table.method(xr, "open_dataarray", "filename_or_obj, *, " OPEN_PARAMETERS ", cache=", Type::data_array,
               [](Interpreter& in, const Arguments& args) -> Value {
    return make_value(only_variable(in.host().open_dataset(to_text(args.get("filename_or_obj"), "the path"), open_options(in, args))));
  });
  table.method(xr, "open_mfdataset", "paths, *, " OPEN_PARAMETERS ", combine=, concat_dim=, preprocess=, parallel=, lock=",
               Type::dataset, open_mfdataset);
  table.method(xr, "open_zarr", "store, *, " OPEN_PARAMETERS ", consolidated=", Type::dataset,
               [](Interpreter& in, const Arguments& args) -> Value {
    OpenOptions options = open_options(in, args);
    options.consolidated = flag(in, args, "consolidated").value_or(true);
    return make_value(in.host().open_zarr(to_text(args.get("store"), "the path"), options));
  });
  table.method(xr, "DataArray", "data=, coords=, dims=, name=, attrs=", Type::data_array, make_data_array_value);
  table.method(xr, "Dataset", "data_vars=, coords=, attrs=", Type::dataset, make_dataset_value);
  table.method(xr, "where", "cond, x, y, keep_attrs=", labelled, [](Interpreter& in, const Arguments& args) -> Value {
    return make_value(array::where3(to_operand(args.get("cond"), "cond"), to_operand(args.get("x"), "x"),
                                    to_operand(args.get("y"), "y"), flag(in, args, "keep_attrs").value_or(in.keep_attrs.value_or(false))));
  });
  table.method(xr, "concat", "objs, dim, data_vars=, coords=, compat=, join=, combine_attrs=", labelled, concat);
  table.method(xr, "merge", "objects, compat=, join=, combine_attrs=", Type::dataset, merge);
  table.method(xr, "zeros_like", "other, dtype=", labelled, like);
  table.method(xr, "ones_like", "other, dtype=", labelled, like);
  table.method(xr, "full_like", "other, fill_value, dtype=", labelled, like);
  table.method(xr, "set_options", "*, keep_attrs=, **kwargs", Type::context, set_options);
  table.property(xr, "__version__", Type::text, [](Interpreter&, const Arguments&) -> Value { return "2023.1.0"; });
}

}  // namespace rankine::script
