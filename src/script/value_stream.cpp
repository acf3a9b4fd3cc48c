#include "script/value_stream.hpp"

#include "base/check.hpp"
#include "base/error.hpp"
#include "script/classes.hpp"
#include "script/captured_names.hpp"
#include "script/dask_array.hpp"
#include "script/delayed.hpp"
#include "script/labelled.hpp"
#include "script/plugin_functions.hpp"

namespace rankine::script {

namespace {

enum class Tag : std::uint8_t {
  none, boolean, integer, floating, text, list, tuple, dict, range, slice, ellipsis, ndarray, dtype, type_object, exception,
  function, function_again, builtin, plugin_function, module, plugin_module, data_array, dataset, input, set,
  script_class, instance, bound_method,
};

constexpr int deepest_nesting = 500;

/// Modules have no state, so their type is all there is of them.
bool is_module(Type type) { return type >= Type::builtins; }

array::Variable read_variable(ByteReader& reader) {
  std::vector<std::string> dims(reader.get_count());
  for (auto& dim : dims) dim = reader.get_string();
  const auto calendar = reader.get<calendar::Calendar>();
  NdArray values = NdArray::read_from(reader);
  if (values.shape().size() != dims.size()) throw DecodeError("malformed value: dims and shape differ");
  array::Variable variable = array::make_variable(std::move(dims), std::move(values));
  variable.calendar = calendar;
  return variable;
}

void write_variable(ByteWriter& writer, const array::Variable& variable) {
  writer.put_count(variable.dims.size());
  for (const auto& dim : variable.dims) writer.put_string(dim);
  writer.put(variable.calendar);
  array::values_of(variable).write_to(writer);
}

}  // namespace

void ValueWriter::put(const Values& values) {
  writer_.put_count(values.size());
  for (const Value& value : values) put(value);
}

void ValueWriter::put(const Value& value) {
  const auto tag = [&](Tag t) { writer_.put(t); };
  if (value.is_none()) return tag(Tag::none);
  if (const auto* b = value.boolean()) { tag(Tag::boolean); return writer_.put(static_cast<std::uint8_t>(*b)); }
  if (const auto* i = value.integer()) { tag(Tag::integer); return writer_.put(*i); }
  if (const auto* f = value.floating()) { tag(Tag::floating); return writer_.put(*f); }
  if (const auto* t = value.text()) { tag(Tag::text); return writer_.put_string(*t); }
  if (input_of_) {
    if (const auto input = input_of_(value)) { tag(Tag::input); return writer_.put(*input); }
  }
  if (++depth_ > deepest_nesting) throw UsageError("a value is nested too deeply to be sent to another rank");
  put_object(value);
  --depth_;
}

void ValueWriter::put_object(const Value& value) {
  const auto tag = [&](Tag t) { writer_.put(t); };
  if (const auto list = value.as<ListObject>()) { tag(Tag::list); return put(list->elements); }
  if (const auto tuple = value.as<TupleObject>()) { tag(Tag::tuple); return put(tuple->elements); }
  if (const auto dict = value.as<DictObject>()) {
    tag(Tag::dict);
    writer_.put_count(dict->size());
    return dict->each([&](const Value& k, const Value& v) { put(k); put(v); });
  }
  if (const auto set = value.as<SetObject>()) { tag(Tag::set); return put(set->elements.keys()); }
  if (const auto iterator = value.as<IteratorObject>()) {  // what is left of it, as a list
    tag(Tag::list);
    return put(Values(iterator->elements.begin() + static_cast<std::ptrdiff_t>(iterator->next), iterator->elements.end()));
  }
  if (const auto range = value.as<RangeObject>()) {
    tag(Tag::range);
    writer_.put(range->start);
    writer_.put(range->stop);
    return writer_.put(range->step);
  }
  if (const auto slice = value.as<SliceObject>()) { tag(Tag::slice); put(slice->start); put(slice->stop); return put(slice->step); }
  if (value.type() == Type::ellipsis) return tag(Tag::ellipsis);
  if (const auto array = value.as<ArrayObject>()) {
    tag(Tag::ndarray);
    writer_.put(array->calendar);
    writer_.put(array->unit);
    writer_.put(std::uint8_t{array->is_array_of_no_dims});
    return array->array.write_to(writer_);
  }
  if (const auto dtype = value.as<DTypeObject>()) { tag(Tag::dtype); writer_.put(std::uint8_t{dtype->is_class}); return writer_.put(dtype->dtype); }
  if (const auto type = value.as<TypeObject>()) { tag(Tag::type_object); return writer_.put_string(type->name); }
  if (const auto exception = value.as<ExceptionObject>()) {
    tag(Tag::exception);
    writer_.put_string(exception->name);
    return put(exception->arguments);
  }
  if (const auto function = value.as<FunctionObject>()) return put_function(*function);
  if (const auto instance = value.as<InstanceObject>()) {
    tag(Tag::instance);
    put(Value(instance->of_class));
    return put_attributes(instance->attributes);
  }
  if (value.type() == Type::plugin) {
    tag(Tag::plugin_module);
    return writer_.put_string(static_cast<const PluginModuleObject*>(value.object())->name);
  }
  if (is_module(value.type())) { tag(Tag::module); return writer_.put(value.type()); }
  if (const auto delayed = value.as<DelayedFunctionObject>()) return put(delayed->function);
  if (const auto lazy = value.as<DaskArrayObject>()) return put(computed_dask_array(in_, *lazy));
  if (const auto array = value.as<DataArrayObject>()) {
    values_of(in_, *array);  // in one pass over the input with whatever is pending
    tag(Tag::data_array);
    return put_array(array->value());
  }
  if (const auto dataset = value.as<DatasetObject>()) {
    load_into(in_, *dataset);
    tag(Tag::dataset);
    const array::Dataset& content = dataset->value();
    writer_.put_count(content.variables.size());
    for (const auto& [name, variable] : content.variables) {
      writer_.put_string(name);
      writer_.put(static_cast<std::uint8_t>(content.is_coord(name)));
      put(to_dict(variable.attrs));
      write_variable(writer_, variable);
    }
    return put(to_dict(content.attrs));
  }
  throw TypeError(std::string("a ") + name_of(value.type()) + " cannot be sent to another rank, as a task's argument, result or "
                   "variable around its function");
}

void ValueWriter::put_array(const array::DataArray& array) {
  writer_.put(static_cast<std::uint8_t>(array.name.has_value()));
  writer_.put_string(array.name.value_or(""));
  put(to_dict(array.attrs()));
  write_variable(writer_, array.variable);
  writer_.put_count(array.coords.size());
  for (const auto& [name, coord] : array.coords) {
    writer_.put_string(name);
    put(to_dict(coord.attrs));
    write_variable(writer_, coord);
  }
}

void ValueWriter::put_attributes(const DictObject& attributes) {
  writer_.put_count(attributes.size());
  attributes.each([&](const Value& name, const Value& value) {
    writer_.put_string(*name.text());
    put(value);
  });
}

void ValueWriter::put_function(const FunctionObject& function) {
  if (!function.bound_callee.is_none()) {
    writer_.put(Tag::bound_method);
    put(function.self);
    return writer_.put_string(function.method_name);
  }
  if (!function.kernel.empty()) {
    writer_.put(Tag::plugin_function);
    return writer_.put_string(function.kernel);
  }
  if (function.binding != nullptr) {
    writer_.put(Tag::builtin);
    writer_.put(function.binding->owner);
    writer_.put_string(function.binding->name);
    writer_.put(static_cast<std::uint8_t>(function.unbound));
    return put(function.self);
  }
  const auto known = functions_.find(&function);
  if (known != functions_.end()) {
    writer_.put(Tag::function_again);
    return writer_.put(known->second);
  }
  functions_.emplace(&function, static_cast<std::uint32_t>(functions_.size()));
  if (function.script_class) {
    writer_.put(Tag::script_class);
    writer_.put_string(function.script_class->name);
    writer_.put(function.script_class->span);
    return put_attributes(function.script_class->attributes);
  }
  writer_.put(Tag::function);
  writer_.put(function.definition->span);
  put(function.defaults);
  std::vector<std::pair<std::string, const Value*>> captured;
  for (const auto& name : captured_names(*function.definition)) {
    for (const Environment* scope = function.closure.get(); scope != nullptr; scope = scope->parent.get()) {
      const auto found = scope->variables.find(name);
      if (found == scope->variables.end()) continue;
      captured.emplace_back(name, &found->second);
      break;
    }
  }
  writer_.put_count(captured.size());
  for (const auto& [name, value] : captured) {
    writer_.put_string(name);
    try {
      put(*value);
    } catch (const UsageError& error) {
      throw UsageError("'" + name + "', which " + function.definition->name + "() uses: " + error.what());
    }
  }
}

Values ValueReader::get_all() {
  Values values(reader_.get_count());
  for (Value& value : values) value = get();
  return values;
}

Value ValueReader::get() {
  if (++depth_ > 2 * deepest_nesting) throw DecodeError("malformed value: it is nested too deeply");
  struct Leave { int& depth; ~Leave() { --depth; } } leave{depth_};
  switch (reader_.get<Tag>()) {
    case Tag::none: return {};
    case Tag::boolean: return reader_.get<std::uint8_t>() != 0;
    case Tag::integer: return reader_.get<std::int64_t>();
    case Tag::floating: return reader_.get<double>();
    case Tag::text: return reader_.get_string();
    case Tag::list: return make_list(get_all());
    case Tag::tuple: return make_tuple(get_all());
    case Tag::dict: {
      auto dict = std::make_shared<DictObject>();
      for (std::size_t left = reader_.get_count(); left > 0; --left) {
        const Value key = get();
        dict->set(key, get());
      }
      return dict;
    }
    case Tag::set: return make_set(get_all());
    case Tag::range: {
      auto range = std::make_shared<RangeObject>();
      range->start = reader_.get<std::int64_t>();
      range->stop = reader_.get<std::int64_t>();
      range->step = reader_.get<std::int64_t>();
      if (range->step == 0) throw DecodeError("malformed value: a range without a step");
      return range;
    }
    case Tag::slice: {
      auto slice = std::make_shared<SliceObject>();
      slice->start = get();
      slice->stop = get();
      slice->step = get();
      return slice;
    }
    case Tag::ellipsis: return make_ellipsis();
    case Tag::ndarray: {
      const auto calendar = reader_.get<calendar::Calendar>();
      const auto unit = reader_.get<TimeUnit>();
      if (unit > TimeUnit::nanosecond) throw DecodeError("malformed value: a unit of time");
      const bool is_array_of_no_dims = reader_.get<std::uint8_t>() != 0;
      Value array = make_array(NdArray::read_from(reader_), calendar);
      array.as<ArrayObject>()->unit = unit;
      array.as<ArrayObject>()->is_array_of_no_dims = is_array_of_no_dims;
      return array;
    }
    case Tag::dtype: {
      auto dtype = std::make_shared<DTypeObject>();
      dtype->is_class = reader_.get<std::uint8_t>() != 0;
      dtype->dtype = reader_.get<DType>();
      return dtype;
    }
    case Tag::type_object: {
      auto type = std::make_shared<TypeObject>();
      type->name = reader_.get_string();
      return type;
    }
    case Tag::exception: {
      std::string name = reader_.get_string();
      return make_exception(std::move(name), get_all());
    }
    case Tag::function: return get_function();
    case Tag::script_class: {
      std::string name = reader_.get_string();
      const auto of_class = make_class(std::move(name), reader_.get<Span>()).as<FunctionObject>();
      functions_.push_back(of_class);
      get_attributes(of_class->script_class->attributes);
      return of_class;
    }
    case Tag::instance: {
      auto instance = std::make_shared<InstanceObject>();
      instance->of_class = get().as<FunctionObject>();
      if (!instance->of_class || !instance->of_class->script_class) throw DecodeError("malformed value: an object without a class");
      get_attributes(instance->attributes);
      return instance;
    }
    case Tag::bound_method: {
      const Value self = get();
      const auto method = self.type() == Type::instance ? find_class_attribute(self, reader_.get_string()) : std::nullopt;
      if (!method) throw DecodeError("malformed value: no such method");
      return *method;
    }
    case Tag::function_again: {
      const auto number = reader_.get<std::uint32_t>();
      if (number >= functions_.size()) throw DecodeError("malformed value: no such function");
      return functions_[number];
    }
    case Tag::builtin: {
      const auto owner = reader_.get<Type>();
      if (owner >= Type::count_) throw DecodeError("malformed value: no such type");
      auto function = std::make_shared<FunctionObject>();
      function->binding = BindingTable::instance().find(owner, reader_.get_string());
      if (function->binding == nullptr) throw DecodeError("malformed value: no such function");
      function->unbound = reader_.get<std::uint8_t>() != 0;
      function->self = get();
      return function;
    }
    case Tag::plugin_function: {
      auto function = std::make_shared<FunctionObject>();
      function->kernel = reader_.get_string();
      return function;
    }
    case Tag::module: {
      const auto type = reader_.get<Type>();
      if (!is_module(type) || type >= Type::count_) throw DecodeError("malformed value: no such module");
      return std::make_shared<ModuleObject>(type);
    }
    case Tag::plugin_module: return make_plugin_module(reader_.get_string());
    case Tag::data_array: return make_value(get_array());
    case Tag::dataset: {
      array::Dataset dataset;
      for (std::size_t left = reader_.get_count(); left > 0; --left) {
        const std::string name = reader_.get_string();
        if (reader_.get<std::uint8_t>() != 0) dataset.coord_names.insert(name);
        const auto attrs = get().as<DictObject>();
        array::Variable variable = read_variable(reader_);
        if (attrs) variable.attrs = to_attributes(*attrs);
        dataset.variables.set(name, std::move(variable));
      }
      if (const auto attrs = get().as<DictObject>()) dataset.attrs = to_attributes(*attrs);
      return make_value(std::move(dataset));
    }
    case Tag::input: {
      const auto number = reader_.get<std::uint32_t>();
      if (number >= inputs_.size()) throw DecodeError("malformed value: no such input");
      return inputs_[number];
    }
    default: throw DecodeError("malformed value: no such kind");
  }
}

array::DataArray ValueReader::get_array() {
  const bool named = reader_.get<std::uint8_t>() != 0;
  const std::string name = reader_.get_string();
  const auto attrs = get().as<DictObject>();
  array::DataArray array{named ? std::optional(name) : std::nullopt, read_variable(reader_), {}};
  if (attrs) array.variable.attrs = to_attributes(*attrs);
  for (std::size_t left = reader_.get_count(); left > 0; --left) {
    const std::string coord_name = reader_.get_string();
    const auto coord_attrs = get().as<DictObject>();
    array::Variable coord = read_variable(reader_);
    if (coord_attrs) coord.attrs = to_attributes(*coord_attrs);
    array.coords.set(coord_name, std::move(coord));
  }
  return array;
}

void ValueReader::get_attributes(DictObject& attributes) {
  for (std::size_t left = reader_.get_count(); left > 0; --left) {
    const std::string name = reader_.get_string();
    attributes.set(name, get());
  }
}

Value ValueReader::get_function() {
  auto function = std::make_shared<FunctionObject>();
  functions_.push_back(function);
  const auto span = reader_.get<Span>();
  function->definition = script_ == nullptr ? nullptr : definition_at(*script_, span);
  if (function->definition == nullptr) throw DecodeError("malformed value: a function that the script does not define");
  function->defaults = get_all();
  if (function->defaults.size() != function->definition->parameters.size())
    throw DecodeError("malformed value: a function with other parameters");
  function->closure = in_.make_environment();
  for (std::size_t left = reader_.get_count(); left > 0; --left) {
    const std::string name = reader_.get_string();
    function->closure->variables[name] = get();
  }
  return function;
}

}  // namespace rankine::script
