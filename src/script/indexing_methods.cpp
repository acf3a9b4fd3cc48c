#include "array/attribute_check.hpp"
#include "array/indexing.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/codec_modules.hpp"
#include "script/labelled_arguments.hpp"
#include "script/operations.hpp"
#include "script/replacements.hpp"

namespace rankine::script {

namespace {

constexpr Type both[] = {Type::data_array, Type::dataset};

template <typename F>
Value on_self(const Arguments& args, F&& f) {
  return std::visit([&](const auto& x) { return make_value(f(x)); }, to_labelled(args.self, "the object"));
}
bool flag(Interpreter& in, const Arguments& args, const char* name) { return truth(in, args.get(name)); }

Value isel(Interpreter& in, const Arguments& args) {
  const auto indexers = to_position_indexers_by_dim(in, *merged_keywords(args.get("indexers"), args.keywords, "indexers"));
  const bool drop = flag(in, args, "drop");
  return on_self(args, [&](const auto& x) { return array::isel(x, indexers, drop); });
}

Value sel(Interpreter& in, const Arguments& args) {
  const auto indexers = to_label_indexers_by_dim(in, *merged_keywords(args.get("indexers"), args.keywords, "indexers"));
  array::SelOptions options;
  options.drop = flag(in, args, "drop");
  if (args.given("method")) options.method = to_text(args.get("method"), "method");
  if (args.given("tolerance")) options.tolerance = to_double(args.get("tolerance"), "tolerance");
  return on_self(args, [&](const auto& x) { return array::sel(x, indexers, options); });
}

std::vector<std::string> rest_names(const Arguments& args) {
  if (args.rest.size() == 1 && (args.rest[0].type() == Type::list || args.rest[0].type() == Type::tuple))
    return to_names(args.rest[0], "dims");
  return to_names(make_list(args.rest), "dims");
}

array::Renaming to_renaming(const Value& dict, const Keywords& keywords, const char* what) {
  array::Renaming names;
  merged_keywords(dict, keywords, what)->each([&](const Value& from, const Value& to) {
    names.emplace_back(to_text(from, "a name"), to_text(to, "a name"));
  });
  return names;
}

Value rename(Interpreter&, const Arguments& args) {
  const Value names = args.get("names");
  if (args.self.type() == Type::data_array && (names.text() != nullptr || (names.is_none() && args.keywords.empty()))) {
    std::optional<std::string> name;
    if (names.text() != nullptr) name = *names.text();
    return make_value(array::rename(to_data_array(args.self, "the object"), name));
  }
  const auto renaming = to_renaming(names, args.keywords, "names");
  return on_self(args, [&](const auto& x) { return array::rename(x, renaming); });
}

std::vector<std::pair<std::string, array::DataArray>> assigned(Interpreter& in, const Arguments& args, const char* dict) {
  std::vector<std::pair<std::string, array::DataArray>> result;
  const auto all = merged_keywords(args.get(dict), args.keywords, dict);
  for (const Value& key : all->keys()) {
    Value value = *all->find(key);
    if (value.type() == Type::function) value = in.call(value, {args.self});
    const std::string name = to_text(key, "a name");
    result.emplace_back(name, to_named_array(in, name, value));
  }
  return result;
}

Value expand_dims(Interpreter& in, const Arguments& args) {
  std::vector<array::NewDim> dims;
  const auto add = [&](const std::string& name, const Value& value) {
    array::NewDim dim;
    dim.name = name;
    if (value.integer() != nullptr) {
      dim.size = *value.integer();
    } else if (!value.is_none()) {
      dim.values = to_known_values(in, value, "the coordinate");
      dim.size = dim.values->size();
    }
    dims.push_back(std::move(dim));
  };
  const Value dim = args.get("dim");
  if (const auto dict = dim.as<DictObject>()) {
    for (const Value& key : dict->keys()) add(to_text(key, "a dim"), *dict->find(key));
  } else if (!dim.is_none()) {
    for (const auto& name : to_names(dim, "dim")) add(name, Value());
  }
  for (const auto& [name, value] : args.keywords) add(name, value);
  std::optional<int> axis;
  if (args.given("axis")) axis = static_cast<int>(to_integer(args.get("axis"), "axis"));
  if (args.self.type() == Type::data_array) return make_value(array::expand_dims(to_data_array(args.self, "the object"), dims, axis));
  if (axis) throw UnsupportedError("expand_dims(axis=...) of a Dataset is not supported");
  return make_value(array::expand_dims(to_dataset(args.self, "the object"), dims));
}

array::ChunkWish to_chunk_wish(const Arguments& args) {
  array::ChunkWish wish;
  const Value chunks = args.get("chunks");
  const auto add = [&](const std::string& dim, const Value& size) {
    if (size.text() != nullptr && *size.text() == "auto") wish.automatic = true;
    else wish.by_dim.emplace_back(dim, size.is_none() ? -1 : to_integer(size, "a chunk size"));
  };
  if (const auto dict = chunks.as<DictObject>()) {
    dict->each([&](const Value& dim, const Value& size) { add(to_text(dim, "a dim"), size); });
  } else if (chunks.integer() != nullptr) {
    wish.every_dim = *chunks.integer();
  } else if (chunks.text() != nullptr) {
    if (*chunks.text() != "auto") throw TypeError("chunks must be a dict, an int or \"auto\"");
    wish.automatic = true;
  } else if (!chunks.is_none()) {
    throw TypeError(std::string("chunks must be a dict, an int or \"auto\", not ") + name_of(chunks.type()));
  }
  for (const auto& [dim, size] : args.keywords) add(dim, size);
  return wish;
}

array::Attributes to_attrs(const Arguments& args, const array::Attributes& before, bool encoding) {
  auto merged = encoding ? std::make_shared<DictObject>() : to_dict(before);
  merged_keywords(args.get("attrs"), args.keywords, "attrs")->each([&](const Value& k, const Value& v) { merged->set(k, v); });
  return to_attributes(*merged);
}

// ---- sinks

// What numcodecs.Blosc(...) and its kin make is a dict of its configuration; encodings hold it as JSON.
DictPtr with_codecs_as_text(const DictObject& encoding) {
  auto result = std::make_shared<DictObject>();
  encoding.each([&](const Value& key, const Value& value) {
    const std::string name = key.text() != nullptr ? *key.text() : "";
    const bool is_codec = name == "compressor" || name == "compressors" || name == "filters";
    result->set(key, is_codec && !value.is_none() && value.text() == nullptr ? Value(codec_json(value)) : value);
  });
  return result;
}

SinkOptions to_sink_options(Interpreter& in, const Arguments& args) {
  SinkOptions options;
  if (args.given("mode")) options.mode = to_text(args.get("mode"), "mode");
  const bool zarr = args.binding->name == "to_zarr";
  const bool adds = options.mode == "a" || options.mode == "r+";
  if (!zarr && adds) {
    const Replacement* row = replacement_for(Type::data_array, "to_netcdf(mode=\"a\")");
    throw UnsupportedName("mode '" + options.mode + "' of to_netcdf is not supported" + words_of(row), row);
  }
  if (options.mode != "w" && options.mode != "w-" && !adds)
    throw UnsupportedError("mode '" + options.mode + "' of " + args.binding->name + " is not supported; use " +
                     (zarr ? "\"w\", \"w-\", \"a\" or \"r+\"" : "\"w\" or \"w-\""));
  if (args.given("group")) options.group = to_text(args.get("group"), "group");
  if (!options.group.empty() && !zarr) {
    const Replacement* row = replacement_for(Type::data_array, "to_netcdf(group=)");
    throw UnsupportedName("writing into a group of a NetCDF file is not supported" + words_of(row), row);
  }
  if (args.given("compute") && !truth(in, args.get("compute"))) throw UnsupportedError("compute=False is not supported: sinks are always lazy here");
  if (args.given("encoding")) {
    const auto dict = args.get("encoding").as<DictObject>();
    if (!dict) throw TypeError("encoding must be a dict of dicts");
    dict->each([&](const Value& name, const Value& value) {
      const auto inner = value.as<DictObject>();
      if (!inner) throw TypeError("encoding must be a dict of dicts");
      options.encoding.emplace_back(to_text(name, "a variable"), to_attributes(*with_codecs_as_text(*inner)));
    });
  }
  return options;
}

array::Dataset sink_dataset(const Arguments& args) {
  if (const auto dataset = args.self.as<DatasetObject>()) return dataset->value();
  const auto& array = to_data_array(args.self, "the object");
  // xarray's name for what has none, or that of a coordinate or dim; open_dataarray turns it back.
  const bool is_free = array.name && !array.coords.contains(*array.name) && !array.variable.has_dim(*array.name);
  if (is_free) return array::to_dataset(array, *array.name);
  array::Dataset dataset = array::to_dataset(array, unnamed_variable);
  if (array.name) dataset.attrs.set(name_of_unnamed, *array.name);
  return dataset;
}

void check_attributes(const array::Dataset& dataset, array::OutputFormat format) {
  const auto bad = array::bad_attribute(dataset, format);
  if (bad && bad->is_type_error) throw TypeError(bad->message);
  if (bad) throw ValueError(bad->message);
}

Value to_netcdf(Interpreter& in, const Arguments& args) {
  SinkOptions options = to_sink_options(in, args);
  if (args.given("format")) options.format = to_text(args.get("format"), "format");
  check_attributes(sink_dataset(args), options.format.empty() || options.format == "NETCDF4" ? array::OutputFormat::netcdf4
                                                                                             : array::OutputFormat::netcdf4_classic);
  if (args.given("unlimited_dims")) options.unlimited_dims = to_names(args.get("unlimited_dims"), "unlimited_dims");
  in.host().add_netcdf_sink(sink_dataset(args), to_text(args.get("path"), "the path"), options);
  return {};
}
std::vector<RegionSlice> to_region(const Value& value) {
  const auto dict = value.as<DictObject>();
  if (!dict) throw TypeError("region must be a dict of slices");
  std::vector<RegionSlice> region;
  dict->each([&](const Value& dim, const Value& range) {
    const auto slice = range.as<SliceObject>();
    if (!slice) throw TypeError("region must be a dict of slices, not of " + std::string(name_of(range.type())));
    if (!slice->step.is_none() && to_integer(slice->step, "the step of a region") != 1)
      throw UsageError("the slices of a region must have step 1");
    const auto bound = [](const Value& v) {
      return v.is_none() ? std::nullopt : std::optional<std::int64_t>(to_integer(v, "a bound of a region"));
    };
    region.push_back({to_text(dim, "a dim"), bound(slice->start), bound(slice->stop)});
  });
  if (region.empty()) throw UsageError("region= names no dim");
  return region;
}

Value to_zarr(Interpreter& in, const Arguments& args) {
  SinkOptions options = to_sink_options(in, args);
  if (args.given("append_dim")) options.append_dim = to_text(args.get("append_dim"), "append_dim");
  if (args.given("region")) options.region = to_region(args.get("region"));
  if (!options.region.empty() && !options.append_dim.empty()) throw UsageError("region= and append_dim= exclude each other");
  if (!args.given("mode")) options.mode = !options.region.empty() ? "r+" : !options.append_dim.empty() ? "a" : "w-";
  if (!options.append_dim.empty() && options.mode != "a") throw UsageError("append_dim= needs mode=\"a\"");
  if (!options.region.empty() && options.mode != "a" && options.mode != "r+")
    throw UsageError("region= needs mode=\"r+\" or mode=\"a\"");
  for (const char* name : {"zarr_format", "zarr_version"})
    if (args.given(name)) options.zarr_format = static_cast<int>(to_integer(args.get(name), name));
  if (options.zarr_format != 2 && options.zarr_format != 3) throw UsageError("zarr_format must be 2 or 3");
  if (args.given("consolidated")) options.consolidated = truth(in, args.get("consolidated"));
  check_attributes(sink_dataset(args), array::OutputFormat::zarr2);
  in.host().add_zarr_sink(sink_dataset(args), to_text(args.get("store"), "the path"), options);
  return {};
}

}  // namespace

void add_indexing(BindingTable& table) {
  for (const Type type : both) {
    const auto add = [&](const char* name, const char* signature, Binding::Function f) { table.method(type, name, signature, type, f); };
    add("isel", "indexers=, drop=, **kwargs", isel);
    add("sel", "indexers=, method=, tolerance=, drop=, **kwargs", sel);
    add("transpose", "*dims", [](Interpreter&, const Arguments& args) -> Value {
      return on_self(args, [&](const auto& x) { return array::transpose(x, rest_names(args)); });
    });
    add("rename", "names=, **kwargs", rename);
    add("drop_vars", "names, *, errors=", [](Interpreter&, const Arguments& args) -> Value {
      const bool ignore = args.given("errors") && to_text(args.get("errors"), "errors") == "ignore";
      const auto names = to_names(args.get("names"), "names");
      return on_self(args, [&](const auto& x) { return array::drop_vars(x, names, ignore); });
    });
    add("assign_coords", "coords=, **kwargs", [](Interpreter& in, const Arguments& args) -> Value {
      const auto coords = assigned(in, args, "coords");
      return on_self(args, [&](const auto& x) { return array::assign_coords(x, coords); });
    });
    add("expand_dims", "dim=, axis=, **kwargs", expand_dims);
    add("squeeze", "dim=, drop=", [](Interpreter& in, const Arguments& args) -> Value {
      const auto dims = to_dims(args.get("dim"));
      const bool drop = flag(in, args, "drop");
      return on_self(args, [&](const auto& x) { return array::squeeze(x, dims, drop); });
    });
    add("swap_dims", "dims=, **kwargs", [](Interpreter&, const Arguments& args) -> Value {
      const auto dims = to_renaming(args.get("dims"), args.keywords, "dims");
      return on_self(args, [&](const auto& x) { return array::swap_dims(x, dims); });
    });
    add("sortby", "variables, ascending=", [](Interpreter& in, const Arguments& args) -> Value {
      const bool ascending = !args.given("ascending") || flag(in, args, "ascending");
      const Value by = args.get("variables");
      const bool several = by.type() == Type::list || by.type() == Type::tuple;
      std::vector<array::DataArray> keys;
      for (const Value& key : several ? elements_of(in, by) : Values{by})
        keys.push_back(key.type() == Type::data_array ? to_data_array(key, "a key") : to_data_array(get_item(in, args.self, key), "a key"));
      return on_self(args, [&](const auto& x) { return array::sortby(x, keys, ascending); });
    });
    add("chunk", "chunks=, **kwargs", [](Interpreter&, const Arguments& args) -> Value {
      const auto wish = to_chunk_wish(args);
      return on_self(args, [&](const auto& x) { return array::chunk(x, wish); });
    });
    add("assign_attrs", "attrs=, **kwargs", [](Interpreter&, const Arguments& args) -> Value {
      if (const auto array = args.self.as<DataArrayObject>()) {
        const auto attrs = to_attrs(args, array->value().attrs(), false);
        return make_value(array::assign_attrs(array->value(), attrs));
      }
      const auto dataset = args.self.as<DatasetObject>();
      return make_value(array::assign_attrs(dataset->value(), to_attrs(args, dataset->value().attrs, false)));
    });
    table.method(type, "to_netcdf", "path, mode=, format=, group=, engine=, encoding=, unlimited_dims=, compute=", Type::none, to_netcdf);
    table.method(type, "to_zarr", "store, mode=, *, group=, encoding=, compute=, consolidated=, append_dim=, region=, zarr_version=, zarr_format=, "
                 "safe_chunks=, write_empty_chunks=", Type::none, to_zarr);
  }
  table.method(Type::dataset, "assign", "variables=, **kwargs", Type::dataset, [](Interpreter& in, const Arguments& args) -> Value {
    return make_value(array::assign(to_dataset(args.self, "the object"), assigned(in, args, "variables")));
  });
  table.method(Type::dataset, "rename_vars", "names=, **kwargs", Type::dataset, [](Interpreter&, const Arguments& args) -> Value {
    return make_value(array::rename(to_dataset(args.self, "the object"), to_renaming(args.get("names"), args.keywords, "names")));
  });
  table.method(Type::dataset, "set_coords", "names", Type::dataset, [](Interpreter&, const Arguments& args) -> Value {
    return make_value(array::set_coords(to_dataset(args.self, "the object"), to_names(args.get("names"), "names")));
  });
  table.method(Type::dataset, "merge", "other", Type::dataset, [](Interpreter& in, const Arguments& args) -> Value {
    const Value merged = in.call(in.attribute(std::make_shared<ModuleObject>(Type::xarray), "merge"), {make_list({args.self, args.get("other")})});
    auto out = to_dataset(merged, "the result");
    out.encoding = to_dataset(args.self, "the object").encoding;
    return make_value(std::move(out));
  });
  table.method(Type::data_array, "reset_coords", "names=, drop=", Type::data_array, [](Interpreter& in, const Arguments& args) -> Value {
    if (!flag(in, args, "drop")) throw UnsupportedError("reset_coords() without drop=True is not supported");
    const auto& array = to_data_array(args.self, "the object");
    std::vector<std::string> names;
    if (args.given("names")) {
      names = to_names(args.get("names"), "names");
    } else {
      for (const auto& [name, variable] : array.coords) {
        if (variable.dims != std::vector<std::string>{name}) names.push_back(name);
      }
    }
    return make_value(array::reset_coords_drop(array, names));
  });
  table.method(Type::data_array, "broadcast_like", "other", Type::data_array, [](Interpreter&, const Arguments& args) -> Value {
    return make_value(array::broadcast_like(to_data_array(args.self, "the object"), to_data_array(args.get("other"), "other")));
  });
}

}  // namespace rankine::script
