#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/dot_graph.hpp"
#include "script/call_graph.hpp"
#include "script/interpreter.hpp"
#include "script/value.hpp"

namespace rankine::script {

/// What a node of a delayed graph does with its arguments.
enum class Operation : std::uint8_t { call, item, attribute, method, binary, unary, compare, collect };

/// A result on the workers, let go when its last handle goes.
class RemoteValue {
 public:
  RemoteValue(CallGraph& graph, CallId id, std::string name) : graph_(graph), id_(id), name_(std::move(name)) {}
  ~RemoteValue() { graph_.release(id_); }
  RemoteValue(const RemoteValue&) = delete;
  RemoteValue& operator=(const RemoteValue&) = delete;
  CallId id() const { return id_; }
  CallGraph& graph() const { return graph_; }
  const std::string& name() const { return name_; }

 private:
  CallGraph& graph_;
  CallId id_;
  std::string name_;
};
using RemotePtr = std::shared_ptr<RemoteValue>;

/// A call that has not been made. Arguments may hold other nodes and futures, inside lists, tuples and dicts too.
struct DelayedNode {
  ~DelayedNode();
  std::string key;            ///< "inc-3"
  std::string name;           ///< "inc"
  Operation operation = Operation::call;
  std::uint8_t symbol = 0;    ///< of binary, unary, compare: the operator; attribute, method: none
  std::string attribute;      ///< of attribute and method
  Value callee;               ///< of call
  Values positional;
  Keywords keywords;
  std::int64_t outputs = -1;  ///< nout=: how many values it unpacks to; -1: not known
  RemotePtr held;             ///< where it was persisted
  Value annotations;          ///< as dask.annotate had them, or None
};
using NodePtr = std::shared_ptr<DelayedNode>;

/// dask.delayed.Delayed.
struct DelayedObject : Object {
  static constexpr Type static_type = Type::delayed;
  Type type() const override { return static_type; }
  explicit DelayedObject(NodePtr n) : node(std::move(n)) {}
  NodePtr node;
};

/// delayed(inc): what it is called with makes a Delayed.
struct DelayedFunctionObject : Object {
  static constexpr Type static_type = Type::delayed_function;
  Type type() const override { return static_type; }
  Value function;
  std::string name;
  std::int64_t outputs = -1;
  bool pure = false;          ///< equal calls are one
};

/// dask.distributed.Future.
struct FutureObject : Object {
  static constexpr Type static_type = Type::future;
  Type type() const override { return static_type; }
  explicit FutureObject(RemotePtr r, std::string k) : remote(std::move(r)), key(std::move(k)) {}
  RemotePtr remote;
  std::string key;
};

/// delayed(value): a function, or anything else, which is then a Delayed of itself.
Value make_delayed(Interpreter& in, const Value& value, const std::string& name, std::int64_t outputs);
Value call_delayed(Interpreter& in, const DelayedFunctionObject& function, Values positional, Keywords keywords);
/// Calling a Delayed: x.method(...) or the result of a Delayed.
Value call_delayed_result(Interpreter& in, const DelayedObject& delayed, Values positional, Keywords keywords);
Value delayed_attribute(Interpreter& in, const Value& delayed, const std::string& name);
Value delayed_operation(Interpreter& in, Operation operation, std::uint8_t symbol, const std::string& name, Values operands);
/// The elements of a Delayed whose nout= is known. Throws UsageError where it is not.
Values delayed_elements(Interpreter& in, const Value& delayed);
bool is_delayed(const Value& value);
/// Whether a Delayed or a Future is in it, in lists, tuples and dicts too.
bool holds_remote(const Value& value);

/// What `priority`, `retries` and `resources` among these ask for; other names have no effect.
CallRequest wishes_from(const DictObject& annotations);
/// Submits what the values need and is not there, shared parts once; gives the nodes' results, in order.
std::vector<RemotePtr> submit_nodes(Interpreter& in, const std::vector<NodePtr>& roots);
/// dask.compute: the same values with every Delayed and every lazy array in them computed.
Values compute_values(Interpreter& in, const Values& values);
/// dask.persist: the same values with every Delayed begun and kept.
Values persist_values(Interpreter& in, const Values& values);

/// The remote result of a call of `function` with these arguments, futures and delayed values among them.
RemotePtr submit_call(Interpreter& in, const Value& function, const Values& positional, const Keywords& keywords,
                      const std::string& name, const CallRequest& wishes);
RemotePtr scatter_value(Interpreter& in, const Value& value);
Value fetch_value(Interpreter& in, const RemotePtr& remote);
Values fetch_values(Interpreter& in, const std::vector<RemotePtr>& remotes);
/// The same value with every Future in it replaced by its result.
Value gather_value(Interpreter& in, const Value& value);

/// "inc", "lambda", "getitem": how Dask's keys call it.
std::string name_of_function(const Value& function);

/// A node and all that it needs, inputs first.
std::vector<NodePtr> in_order(const NodePtr& root);

/// A picture of the graph below these values. `direction`: DOT's rankdir.
DotGraph picture_of(const Values& values, const std::string& direction);

/// What a node does, on the rank that does it.
Value perform(Interpreter& in, Operation operation, std::uint8_t symbol, const std::string& attribute, const Value& callee,
              Values positional, Keywords keywords);

}  // namespace rankine::script
