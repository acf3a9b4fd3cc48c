#include "script/delayed.hpp"

#include <functional>
#include <map>
#include <unordered_map>

#include "base/byte_stream.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "script/classes.hpp"
#include "script/dask_array.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/remote_call.hpp"
#include "script/value_stream.hpp"

namespace rankine::script {

DelayedNode::~DelayedNode() {
  for (auto& [name, value] : keywords) positional.push_back(std::move(value));
  positional.push_back(std::move(callee));
  dispose(std::move(positional));  // chains of nodes may be long
}

bool is_delayed(const Value& value) { return value.type() == Type::delayed; }

namespace {

/// Calls f for every Delayed and Future in a value; false from f ends it.
bool each_remote(const Value& value, const std::function<bool(const Value&)>& f) {
  const auto all = [&](const Values& values) {
    for (const Value& v : values) {
      if (!each_remote(v, f)) return false;
    }
    return true;
  };
  if (value.object() == nullptr) return true;
  if (value.type() == Type::delayed || value.type() == Type::future) return f(value);
  if (const auto list = value.as<ListObject>()) return all(list->elements);
  if (const auto tuple = value.as<TupleObject>()) return all(tuple->elements);
  if (const auto dict = value.as<DictObject>()) return all(dict->values());
  return true;
}

/// The same structure with every Delayed, Future and lazy array replaced.
Value replaced(const Value& value, const std::function<std::optional<Value>(const Value&)>& f) {
  if (value.object() == nullptr) return value;
  if (auto other = f(value)) return *other;
  const auto all = [&](const Values& values) {
    Values result;
    for (const Value& v : values) result.push_back(replaced(v, f));
    return result;
  };
  if (const auto list = value.as<ListObject>()) return make_list(all(list->elements));
  if (const auto tuple = value.as<TupleObject>()) return make_tuple(all(tuple->elements));
  if (const auto dict = value.as<DictObject>()) {
    if (dict->frozen) return value;
    auto result = std::make_shared<DictObject>();
    dict->each([&](const Value& k, const Value& v) { result->set(k, replaced(v, f)); });
    return result;
  }
  return value;
}

NodePtr make_node(Interpreter& in, Operation operation, std::string name) {
  auto node = std::make_shared<DelayedNode>();
  node->operation = operation;
  node->key = name + "-" + std::to_string(in.next_key());
  node->name = std::move(name);
  node->annotations = in.annotations;
  return node;
}

std::vector<NodePtr> inputs_of(const DelayedNode& node) {
  std::vector<NodePtr> inputs;
  const auto visit = [&](const Value& v) {
    if (const auto delayed = v.as<DelayedObject>()) inputs.push_back(delayed->node);
    return true;
  };
  for (const Value& v : node.positional) each_remote(v, visit);
  for (const auto& [name, v] : node.keywords) each_remote(v, visit);
  return inputs;
}

}  // namespace

std::vector<NodePtr> in_order(const NodePtr& root) {
  std::vector<NodePtr> order;
  std::unordered_map<const DelayedNode*, bool> finished;
  std::vector<std::pair<NodePtr, std::vector<NodePtr>>> stack;
  const auto visit = [&](const NodePtr& node) {
    if (finished.try_emplace(node.get(), false).second) stack.emplace_back(node, node->held ? std::vector<NodePtr>() : inputs_of(*node));
  };
  visit(root);
  while (!stack.empty()) {
    auto& [node, waiting] = stack.back();
    if (!waiting.empty()) {
      const NodePtr next = std::move(waiting.back());
      waiting.pop_back();
      visit(next);
      continue;
    }
    order.push_back(node);
    stack.pop_back();
  }
  return order;
}

namespace {

using Results = std::unordered_map<const DelayedNode*, RemotePtr>;

/// Writes one call and submits it. `results`: of the nodes among the arguments.
RemotePtr submit_one(Interpreter& in, const DelayedNode& node, const Results& results, const CallRequest& wishes) {
  CallGraph& graph = in.calls();
  CallRequest request = wishes;
  request.name = node.name;
  std::map<std::uint64_t, std::uint32_t> numbers;
  const auto number_of = [&](CallId id) {
    const auto [at, inserted] = numbers.try_emplace(id.value, static_cast<std::uint32_t>(request.inputs.size()));
    if (inserted) request.inputs.push_back(id);
    return at->second;
  };
  const auto input_of = [&](const Value& value) -> std::optional<std::uint32_t> {
    if (const auto future = value.as<FutureObject>()) return number_of(future->remote->id());
    const auto delayed = value.as<DelayedObject>();
    if (!delayed) return std::nullopt;
    const auto found = results.find(delayed->node.get());
    RANKINE_CHECK(found != results.end(), "a delayed call is submitted before its inputs");
    return number_of(found->second->id());
  };
  request.payload = write_remote_call(in, node, input_of);
  return std::make_shared<RemoteValue>(graph, graph.submit(std::move(request)), node.key);
}

}  // namespace

bool holds_remote(const Value& value) {
  return !each_remote(value, [](const Value&) { return false; });
}

std::string name_of_function(const Value& function) {
  if (const auto f = function.as<FunctionObject>()) {
    if (f->script_class) return f->script_class->name;
    if (!f->bound_callee.is_none()) return f->method_name;
    if (f->definition) return f->definition->name.empty() ? "lambda" : f->definition->name;
    if (f->binding != nullptr) return f->binding->name.starts_with("(") ? f->binding->name.substr(1, f->binding->name.size() - 2) : f->binding->name;
    return f->kernel;
  }
  if (const auto type = function.as<TypeObject>()) return type->name;
  return name_of(function.type());
}

// ---- building

Value make_delayed(Interpreter& in, const Value& value, const std::string& name, std::int64_t outputs) {
  if (is_delayed(value) || value.type() == Type::delayed_function) return value;
  if (value.type() == Type::function || value.type() == Type::type_object) {
    auto function = std::make_shared<DelayedFunctionObject>();
    function->function = value;
    function->name = name.empty() ? name_of_function(value) : name;
    function->outputs = outputs;
    return function;
  }
  const NodePtr node = make_node(in, Operation::collect, name.empty() ? name_of(value.type()) : name);
  node->positional = {value};
  node->outputs = outputs;
  return std::make_shared<DelayedObject>(node);
}

namespace {

/// Equal for calls that are equal: the function with what it captures, and the arguments; those that are lazy by their keys.
std::string identity_of(Interpreter& in, const Value& function, const Values& positional, const Keywords& keywords) {
  ByteWriter writer;
  std::string keys;
  ValueWriter values(in, writer, [&](const Value& value) -> std::optional<std::uint32_t> {
    if (const auto future = value.as<FutureObject>()) keys += future->key + "\n";
    else if (const auto delayed = value.as<DelayedObject>()) keys += delayed->node->key + "\n";
    else return std::nullopt;
    return std::uint32_t{0};
  });
  values.put(function);
  values.put(positional);
  for (const auto& [keyword, value] : keywords) {
    writer.put_string(keyword);
    values.put(value);
  }
  const std::vector<std::byte> bytes = writer.take();
  return "pure " + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()) + keys;
}

/// FNV-1a, as 16 hexadecimal digits.
std::string digest_text(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash >> shift) & 15];
  return digits;
}

}  // namespace

Value call_delayed(Interpreter& in, const DelayedFunctionObject& function, Values positional, Keywords keywords) {
  if (function.function.is_none()) {  // @delayed(nout=2) or @delayed(name="...")
    if (positional.size() != 1) throw UsageError("delayed(...) is called with one function");
    const Value made = make_delayed(in, positional[0], function.name, function.outputs);
    if (const auto lazy = made.as<DelayedFunctionObject>()) lazy->pure = function.pure;
    return made;
  }
  const std::string name = function.name;
  std::string key;
  std::erase_if(keywords, [&](const auto& keyword) {
    if (keyword.first != "dask_key_name") return false;
    key = to_text(keyword.second, "dask_key_name");
    return true;
  });
  std::string identity;
  if (function.pure && key.empty()) {
    identity = identity_of(in, function.function, positional, keywords);
    if (const auto found = in.pure_calls.find(identity); found != in.pure_calls.end())
      if (auto same = found->second.lock(); same && same->type() == Type::delayed) return Value(std::static_pointer_cast<DelayedObject>(same));
  }
  const NodePtr node = make_node(in, Operation::call, name);
  if (!key.empty()) node->key = node->name = key;
  if (!identity.empty()) node->key = name + "-" + digest_text(identity);
  node->callee = function.function;
  node->positional = std::move(positional);
  node->keywords = std::move(keywords);
  node->outputs = function.outputs;
  auto delayed = std::make_shared<DelayedObject>(node);
  if (!identity.empty()) in.pure_calls[identity] = delayed;
  return delayed;
}

Value call_delayed_result(Interpreter& in, const DelayedObject& delayed, Values positional, Keywords keywords) {
  const DelayedNode& callee = *delayed.node;
  NodePtr node;
  if (callee.operation == Operation::attribute && !callee.held) {  // x.method(...)
    node = make_node(in, Operation::method, callee.attribute);
    node->attribute = callee.attribute;
    node->positional = callee.positional;
    node->positional.insert(node->positional.end(), positional.begin(), positional.end());
  } else {
    node = make_node(in, Operation::method, "apply");
    node->positional = {std::make_shared<DelayedObject>(delayed.node)};
    node->positional.insert(node->positional.end(), positional.begin(), positional.end());
  }
  node->keywords = std::move(keywords);
  return std::make_shared<DelayedObject>(node);
}

Value delayed_attribute(Interpreter& in, const Value& delayed, const std::string& name) {
  if (name.starts_with("_")) throw UsageError("Attribute " + name + " not found");
  const NodePtr node = make_node(in, Operation::attribute, "getattr");
  node->attribute = name;
  node->positional = {delayed};
  return std::make_shared<DelayedObject>(node);
}

Value delayed_operation(Interpreter& in, Operation operation, std::uint8_t symbol, const std::string& name, Values operands) {
  const NodePtr node = make_node(in, operation, name);
  node->symbol = symbol;
  node->positional = std::move(operands);
  return std::make_shared<DelayedObject>(node);
}

Values delayed_elements(Interpreter& in, const Value& delayed) {
  const NodePtr& node = delayed.as<DelayedObject>()->node;
  if (node->outputs < 0)
    throw TypeError("Delayed objects of unspecified length are not iterable; say delayed(function, nout=...)");
  Values elements;
  for (std::int64_t i = 0; i < node->outputs; ++i)
    elements.push_back(delayed_operation(in, Operation::item, 0, "getitem", {delayed, i}));
  return elements;
}

// ---- running

CallRequest wishes_from(const DictObject& annotations) {
  CallRequest wishes;
  annotations.each([&](const Value& key, const Value& value) {
    const std::string* name = key.text();
    if (name == nullptr || value.is_none()) return;
    if (*name == "priority") wishes.priority = static_cast<int>(to_integer(value, "priority"));
    if (*name == "retries") {
      const std::int64_t retries = to_integer(value, "retries");
      if (retries < 0) throw UsageError("retries must not be negative");
      wishes.attempts = 1 + static_cast<unsigned>(std::min<std::int64_t>(retries, 1000));
    }
    if (*name == "resources") {
      const auto resources = value.as<DictObject>();
      if (!resources) throw TypeError("resources must be a dict such as {'GPU': 1}");
      resources->each([&](const Value& resource, const Value& amount) {
        wishes.resources.emplace_back(to_text(resource, "the name of a resource"), to_double(amount, "the amount of a resource"));
      });
    }
  });
  return wishes;
}

namespace {
CallRequest wishes_of_node(const DelayedNode& node) {
  const auto annotations = node.annotations.as<DictObject>();
  return annotations ? wishes_from(*annotations) : CallRequest{};
}
}  // namespace

std::vector<RemotePtr> submit_nodes(Interpreter& in, const std::vector<NodePtr>& roots) {
  Results results;
  std::vector<std::pair<NodePtr, std::vector<NodePtr>>> stack;  // a node with its inputs that are still to be looked at
  const auto visit = [&](const NodePtr& node) {
    if (results.contains(node.get())) return;
    if (node->held) results.emplace(node.get(), node->held);
    else stack.emplace_back(node, inputs_of(*node));
  };
  for (const NodePtr& root : roots) {
    visit(root);
    while (!stack.empty()) {
      auto& [node, waiting] = stack.back();
      if (!waiting.empty()) {
        const NodePtr next = std::move(waiting.back());
        waiting.pop_back();
        visit(next);
        continue;
      }
      const NodePtr done = node;
      stack.pop_back();
      if (!results.contains(done.get())) results.emplace(done.get(), submit_one(in, *done, results, wishes_of_node(*done)));
    }
  }
  std::vector<RemotePtr> all;
  for (const NodePtr& root : roots) all.push_back(results.at(root.get()));
  return all;
}

Value fetch_value(Interpreter& in, const RemotePtr& remote) { return fetch_values(in, {remote})[0]; }

Values fetch_values(Interpreter& in, const std::vector<RemotePtr>& remotes) {
  if (remotes.empty()) return {};
  std::vector<CallId> ids;
  for (const auto& remote : remotes) ids.push_back(remote->id());
  Values values;
  try {
    for (const auto& bytes : remotes[0]->graph().fetch_all(ids)) values.push_back(read_remote_value(in, bytes));
  } catch (const DetailedError& error) {
    if (error.detail.empty()) throw;
    throw RaisedError(read_exception(in, error));
  }
  return values;
}

Values compute_values(Interpreter& in, const Values& values) {
  std::vector<NodePtr> nodes;
  std::vector<DataArrayObject*> arrays;
  std::vector<DatasetObject*> datasets;
  const std::function<std::optional<Value>(const Value&)> look = [&](const Value& value) -> std::optional<Value> {
    if (const auto delayed = value.as<DelayedObject>()) nodes.push_back(delayed->node);
    return std::nullopt;
  };
  for (const Value& value : values) replaced(value, look);
  const std::vector<RemotePtr> remotes = submit_nodes(in, nodes);
  const Values computed = fetch_values(in, remotes);
  std::size_t next = 0;
  Values results;
  for (const Value& value : values) {
    results.push_back(replaced(value, [&](const Value& v) -> std::optional<Value> {
      if (v.type() == Type::delayed) return computed[next++];
      if (const auto lazy = v.as<DaskArrayObject>()) return computed_dask_array(in, *lazy);
      if (is_labelled(v)) return in.call(in.attribute(v, "compute"), {});
      return std::nullopt;
    }));
  }
  return results;
}

Values persist_values(Interpreter& in, const Values& values) {
  std::vector<NodePtr> nodes;
  for (const Value& value : values) {
    replaced(value, [&](const Value& v) -> std::optional<Value> {
      if (const auto delayed = v.as<DelayedObject>()) nodes.push_back(delayed->node);
      return std::nullopt;
    });
  }
  const std::vector<RemotePtr> remotes = submit_nodes(in, nodes);
  std::size_t next = 0;
  Values results;
  for (const Value& value : values) {
    results.push_back(replaced(value, [&](const Value& v) -> std::optional<Value> {
      const auto delayed = v.as<DelayedObject>();
      if (delayed) {
        auto node = std::make_shared<DelayedNode>();
        node->key = delayed->node->key;
        node->name = delayed->node->name;
        node->outputs = delayed->node->outputs;
        node->held = remotes[next++];
        return std::make_shared<DelayedObject>(node);
      }
      if (is_labelled(v) || is_dask_array(v)) return in.call(in.attribute(v, "persist"), {});
      return std::nullopt;
    }));
  }
  return results;
}

RemotePtr submit_call(Interpreter& in, const Value& function, const Values& positional, const Keywords& keywords,
                      const std::string& name, const CallRequest& wishes) {
  DelayedNode node;
  node.name = node.key = name;
  node.callee = function;
  const auto delayed = function.as<DelayedFunctionObject>();
  if (delayed) node.callee = delayed->function;
  node.positional = positional;
  node.keywords = keywords;
  Results results;
  const std::vector<NodePtr> inputs = inputs_of(node);
  const std::vector<RemotePtr> remotes = submit_nodes(in, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) results.emplace(inputs[i].get(), remotes[i]);
  return submit_one(in, node, results, wishes);
}

RemotePtr scatter_value(Interpreter& in, const Value& value) {
  ByteWriter writer;
  ValueWriter(in, writer).put(value);
  return std::make_shared<RemoteValue>(in.calls(), in.calls().scatter(writer.take()), name_of(value.type()));
}

Value gather_value(Interpreter& in, const Value& value) {
  std::vector<RemotePtr> remotes;
  replaced(value, [&](const Value& v) -> std::optional<Value> {
    if (const auto future = v.as<FutureObject>()) remotes.push_back(future->remote);
    return std::nullopt;
  });
  const Values results = fetch_values(in, remotes);
  std::size_t next = 0;
  return replaced(value, [&](const Value& v) -> std::optional<Value> {
    if (v.type() != Type::future) return std::nullopt;
    return results[next++];
  });
}

DotGraph picture_of(const Values& values, const std::string& direction) {
  DotGraph graph;
  graph.direction = direction;
  std::unordered_map<const DelayedNode*, std::uint32_t> numbers;
  std::vector<NodePtr> waiting;
  const auto number_of = [&](const NodePtr& node) {
    const auto [at, inserted] = numbers.try_emplace(node.get(), static_cast<std::uint32_t>(graph.nodes.size()));
    if (inserted) {
      graph.nodes.push_back({node->name, node->held ? DotGraph::Shape::box : DotGraph::Shape::ellipse, node->name});
      waiting.push_back(node);
    }
    return at->second;
  };
  for (const Value& value : values) {
    each_remote(value, [&](const Value& v) {
      if (const auto delayed = v.as<DelayedObject>()) number_of(delayed->node);
      return true;
    });
  }
  while (!waiting.empty()) {
    const NodePtr node = std::move(waiting.back());
    waiting.pop_back();
    const std::uint32_t to = numbers.at(node.get());
    for (const NodePtr& input : inputs_of(*node)) {
      const std::uint32_t from = number_of(input);
      graph.edges.push_back({from, to});
    }
  }
  return graph;
}

// ---- on the rank that does it

Value perform(Interpreter& in, Operation operation, std::uint8_t symbol, const std::string& name, const Value& callee,
              Values positional, Keywords keywords) {
  switch (operation) {
    case Operation::call: return in.call(callee, std::move(positional), std::move(keywords));
    case Operation::item: return get_item(in, positional.at(0), positional.at(1));
    case Operation::attribute: return in.attribute(positional.at(0), name);
    case Operation::method: {
      const Value object = positional.at(0);
      positional.erase(positional.begin());
      return in.call(name.empty() ? object : in.attribute(object, name), std::move(positional), std::move(keywords));
    }
    case Operation::binary: return binary(in, static_cast<BinaryOp>(symbol), positional.at(0), positional.at(1));
    case Operation::unary: return unary(in, static_cast<UnaryOp>(symbol), positional.at(0));
    case Operation::compare: return compare(in, static_cast<CompareOp>(symbol), positional.at(0), positional.at(1));
    case Operation::collect: return positional.at(0);
  }
  throw UsageError("no such operation");
}

}  // namespace rankine::script
