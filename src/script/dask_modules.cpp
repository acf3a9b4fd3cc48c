#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "script/dask_array.hpp"
#include "script/dask_objects.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/value_stream.hpp"

namespace rankine::script {

namespace {

Value make_module(Type type) { return std::make_shared<ModuleObject>(type); }
Value ignored(Interpreter&, const Arguments&) { return {}; }

/// Set-up of clusters has no effect: mpirun or the batch system has given the job its ranks. Said once.
void note_cluster(Interpreter& in, const std::string& what) {
  if (!in.noted_client)
    in.host().note(what + "(...) sets nothing up: Rankine's workers are the ranks and threads of this job, as mpirun and --threads give them");
  in.noted_client = true;
}

// ---- delayed

std::int64_t outputs_of(const Arguments& args) { return args.given("nout") ? to_integer(args.get("nout"), "nout") : -1; }

Value delayed(Interpreter& in, const Arguments& args) {
  if (args.find("obj") == nullptr) {  // @delayed(nout=2): what it gives is called with the function
    auto decorator = std::make_shared<DelayedFunctionObject>();
    decorator->outputs = outputs_of(args);
    decorator->pure = args.given("pure") && truth(in, args.get("pure"));
    decorator->name = args.given("name") ? to_text(args.get("name"), "name") : "";
    return decorator;
  }
  const Value made = make_delayed(in, args.get("obj"), args.given("name") ? to_text(args.get("name"), "name") : "", outputs_of(args));
  if (const auto function = made.as<DelayedFunctionObject>(); function && args.given("pure")) function->pure = truth(in, args.get("pure"));
  return made;
}

Value compute(Interpreter& in, const Arguments& args) { return make_tuple(compute_values(in, args.rest)); }
Value persist(Interpreter& in, const Arguments& args) { return make_tuple(persist_values(in, args.rest)); }

/// Draws what is lazy; Dask's default name.
Value visualize_values(Interpreter& in, const Values& values, const Arguments& args) {
  const std::string file = args.given("filename") ? to_text(args.get("filename"), "filename") : "mydask";
  const std::string format = args.given("format") ? to_text(args.get("format"), "format") : "png";
  const std::size_t dot = file.rfind('.');
  const bool has_ending = dot != std::string::npos && file.find('/', dot) == std::string::npos;
  std::string direction = "BT";
  for (const auto& [name, value] : args.keywords)
    if (name == "rankdir") direction = to_text(value, "rankdir");
  if (direction != "BT" && direction != "TB" && direction != "LR" && direction != "RL")
    throw UsageError("rankdir='" + direction + "' is none of 'BT', 'TB', 'LR', 'RL'");
  for (const Value& value : values) {
    if (!holds_remote(value))
      throw UsageError(std::string("visualize() draws Delayed values, not ") + name_of(value.type()) +
                       "; `rankine plan --graph FILE` draws what arrays are computed by");
  }
  in.host().draw_graph(picture_of(values, direction), has_ending ? file : file + "." + format);
  return {};
}

// ---- futures

Value make_future(const RemotePtr& remote, const std::string& key) { return std::make_shared<FutureObject>(remote, key); }

CallRequest wishes_of(Interpreter& in, const Arguments& args) {
  DictObject wishes;
  if (const auto around = in.annotations.as<DictObject>()) around->each([&](const Value& name, const Value& value) { wishes.set(name, value); });
  for (const char* name : {"priority", "retries", "resources"})
    if (args.given(name)) wishes.set(name, args.get(name));
  return wishes_from(wishes);
}

/// A pure call that is there already is not made again, as Dask's keys have it.
Value submit(Interpreter& in, const Value& function, const Values& positional, const Keywords& keywords, const std::string& key,
             bool pure, const CallRequest& wishes) {
  const std::string name = key.empty() ? name_of_function(function) : key;
  std::string identity;
  if (pure || !key.empty()) {
    ByteWriter writer;
    ValueWriter values(in, writer, [](const Value& value) -> std::optional<std::uint32_t> {
      // A future stands for its value; 2^32 of them are more than a script makes.
      if (const auto future = value.as<FutureObject>()) return static_cast<std::uint32_t>(future->remote->id().value);
      return std::nullopt;
    });
    if (key.empty()) {
      const auto delayed_parts = [](const Values& list) { return std::any_of(list.begin(), list.end(), is_delayed); };
      pure = !delayed_parts(positional);
      if (pure) {
        values.put(function);
        values.put(positional);
        for (const auto& [keyword, value] : keywords) {
          writer.put_string(keyword);
          values.put(value);
        }
      }
    } else {
      writer.put_string(key);
    }
    const std::vector<std::byte> bytes = writer.take();
    identity.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!identity.empty()) {
      const auto found = in.pure_calls.find(identity);
      if (found != in.pure_calls.end()) {
        if (auto object = found->second.lock())
          if (auto future = std::static_pointer_cast<FutureObject>(object); status_of(*future) != "cancelled")
            return make_future(future->remote, future->key);
      }
    }
  }
  const RemotePtr remote = submit_call(in, function, positional, keywords, name, wishes);
  auto future = std::make_shared<FutureObject>(remote, key.empty() ? name + "-" + std::to_string(in.next_key()) : key);
  if (!identity.empty()) in.pure_calls[identity] = future;
  return future;
}

bool is_pure(Interpreter& in, const Arguments& args) { return !args.given("pure") || truth(in, args.get("pure")); }

Value client_submit(Interpreter& in, const Arguments& args) {
  return submit(in, args.get("func"), args.rest, args.keywords, args.given("key") ? to_text(args.get("key"), "key") : "",
                is_pure(in, args), wishes_of(in, args));
}

Value client_map(Interpreter& in, const Arguments& args) {
  if (args.rest.empty()) throw UsageError("map() needs an iterable");
  std::vector<Values> columns;
  std::size_t count = SIZE_MAX;
  for (const Value& iterable : args.rest) {
    columns.push_back(elements_of(in, iterable));
    count = std::min(count, columns.back().size());
  }
  const CallRequest wishes = wishes_of(in, args);
  Values keys;
  std::string prefix;
  if (args.given("key")) {
    if (args.get("key").text() != nullptr) prefix = *args.get("key").text();
    else keys = elements_of(in, args.get("key"));
  }
  Values futures;
  for (std::size_t i = 0; i < count; ++i) {
    Values row;
    for (const Values& column : columns) row.push_back(column[i]);
    const std::string key = i < keys.size() ? to_text(keys[i], "a key")
                            : prefix.empty() ? "" : prefix + "-" + std::to_string(i);
    futures.push_back(submit(in, args.get("func"), row, args.keywords, key, is_pure(in, args), wishes));
  }
  return make_list(std::move(futures));
}

Value client_scatter(Interpreter& in, const Arguments& args) {
  const Value data = args.get("data");
  const auto one = [&](const Value& value) {
    const RemotePtr remote = scatter_value(in, value);
    return make_future(remote, remote->name() + "-" + std::to_string(in.next_key()));
  };
  const auto all = [&](const Values& values) {
    Values futures;
    for (const Value& value : values) futures.push_back(one(value));
    return futures;
  };
  if (const auto list = data.as<ListObject>()) return make_list(all(list->elements));
  if (const auto tuple = data.as<TupleObject>()) return make_tuple(all(tuple->elements));
  if (const auto dict = data.as<DictObject>()) {
    auto futures = std::make_shared<DictObject>();
    dict->each([&](const Value& key, const Value& value) { futures->set(key, one(value)); });
    return futures;
  }
  return one(data);
}

Value client_cancel(Interpreter& in, const Arguments& args) {
  for (const auto& future : futures_of(in, args.get("futures"), "cancel")) future->remote->graph().cancel(future->remote->id());
  return {};
}

Value client_gather(Interpreter& in, const Arguments& args) {
  const Value futures = args.get("futures");
  const std::string errors = args.given("errors") ? to_text(args.get("errors"), "errors") : "raise";
  if (errors == "raise") return gather_value(in, futures);
  if (errors != "skip") throw UsageError("errors='" + errors + "' of gather() is none of 'raise', 'skip'");
  Values results;
  for (const auto& future : futures_of(in, futures, "gather")) {
    const CallId id[] = {future->remote->id()};
    future->remote->graph().wait(id, true, {});
    if (status_of(*future) == "finished") results.push_back(fetch_value(in, future->remote));
  }
  return make_list(std::move(results));
}

/// client.compute: futures of delayed values; one for one, a list for a list.
Value client_compute(Interpreter& in, const Arguments& args) {
  const Value collections = args.get("collections");
  const auto one = [&](const Value& value) -> Value {
    if (is_dask_array(value) || is_labelled(value)) {  // computed now; the future is of what there is
      const RemotePtr remote = scatter_value(in, in.call(in.attribute(value, "compute"), {}));
      return make_future(remote, remote->name() + "-" + std::to_string(in.next_key()));
    }
    const auto node = value.as<DelayedObject>();
    if (!node) throw UnsupportedError(std::string("client.compute() of ") + name_of(value.type()) + " is not supported; use .compute()");
    return make_future(submit_nodes(in, {node->node})[0], node->node->key);
  };
  if (is_delayed(collections) || is_dask_array(collections) || is_labelled(collections)) return one(collections);
  Values futures;
  for (const Value& value : elements_of(in, collections)) futures.push_back(one(value));
  return make_list(std::move(futures));
}

Value client_persist(Interpreter& in, const Arguments& args) {
  const Value collections = args.get("collections");
  if (is_delayed(collections) || is_dask_array(collections) || is_labelled(collections)) return persist_values(in, {collections})[0];
  return make_list(persist_values(in, elements_of(in, collections)));
}

Value make_client(Interpreter& in, const Arguments& args) {
  note_cluster(in, args.binding->name);
  auto client = std::make_shared<ClientObject>();
  client->name = "'rankine'";
  return client;
}

Value make_cluster(Interpreter& in, const Arguments& args) {
  note_cluster(in, args.binding->name);
  auto cluster = std::make_shared<ClusterObject>();
  cluster->name = args.binding->name;
  return cluster;
}

// ---- future

std::shared_ptr<FutureObject> self_future(const Arguments& args) { return args.self.as<FutureObject>(); }

std::optional<double> timeout_of(const Arguments& args) {
  if (!args.given("timeout")) return std::nullopt;
  return to_double(args.get("timeout"), "timeout");
}

/// Waits for a future; throws TimeoutError.
void await(const FutureObject& future, const Arguments& args) {
  const CallId id[] = {future.remote->id()};
  if (!future.remote->graph().wait(id, true, timeout_of(args))) throw PythonError("TimeoutError", "the future has not finished in time");
}

Value future_result(Interpreter& in, const Arguments& args) {
  const auto future = self_future(args);
  await(*future, args);
  if (status_of(*future) == "cancelled") throw PythonError("CancelledError", future->key);
  return fetch_value(in, future->remote);
}

/// The error of a task as an exception: of the script's own kind where it raised one.
Value future_exception(Interpreter& in, const Arguments& args) {
  const auto future = self_future(args);
  await(*future, args);
  if (status_of(*future) != "error") return {};
  try {
    fetch_value(in, future->remote);
  } catch (const Error& error) {
    const ExceptionPtr exception = exception_of(error);
    if (exception == nullptr) throw;
    in.forget_trace();
    return exception;
  }
  return {};
}

void add_future(BindingTable& table) {
  table.method(Type::future, "result", "timeout=", any, future_result);
  table.method(Type::future, "exception", "timeout=, **kwargs", Type::exception | Type::none, future_exception);
  table.method(Type::future, "done", "", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    return status_of(*self_future(args)) != "pending";
  });
  table.method(Type::future, "cancelled", "", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    return status_of(*self_future(args)) == "cancelled";
  });
  table.method(Type::future, "cancel", "**kwargs", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    self_future(args)->remote->graph().cancel(self_future(args)->remote->id());
    return {};
  });
  table.method(Type::future, "release", "", Type::none, ignored);  // the last handle releases it
  table.property(Type::future, "status", Type::text, [](Interpreter&, const Arguments& args) -> Value { return status_of(*self_future(args)); });
  table.property(Type::future, "key", Type::text, [](Interpreter&, const Arguments& args) -> Value { return self_future(args)->key; });
}

Value as_completed(Interpreter& in, const Arguments& args) {
  auto completed = std::make_shared<CompletedObject>();
  if (args.given("futures")) {
    for (auto& future : futures_of(in, args.get("futures"), "as_completed")) completed->waiting.push_back(std::move(future));
  }
  completed->with_results = args.given("with_results") && truth(in, args.get("with_results"));
  completed->raise_errors = !args.given("raise_errors") || truth(in, args.get("raise_errors"));
  return completed;
}

Value wait_for(Interpreter& in, const Arguments& args) {
  const auto futures = futures_of(in, args.get("fs"), "wait");
  const std::string when = args.given("return_when") ? to_text(args.get("return_when"), "return_when") : "ALL_COMPLETED";
  if (when != "ALL_COMPLETED" && when != "FIRST_COMPLETED")
    throw UsageError("return_when='" + when + "' is none of 'ALL_COMPLETED', 'FIRST_COMPLETED'");
  std::vector<CallId> ids;
  for (const auto& future : futures) ids.push_back(future->remote->id());
  if (!futures.empty() && !futures[0]->remote->graph().wait(ids, when == "ALL_COMPLETED", timeout_of(args)))
    throw PythonError("TimeoutError", "the futures have not finished in time");
  Values done, not_done;
  for (const auto& future : futures) (status_of(*future) == "pending" ? not_done : done).push_back(future);
  auto result = std::make_shared<DoneAndNotDoneObject>();
  result->done = make_list(std::move(done));
  result->not_done = make_list(std::move(not_done));
  return result;
}

/// Shows nothing of its own: Rankine's progress line runs anyway. It waits, as the text bar of a console does.
Value progress(Interpreter& in, const Arguments& args) {
  for (const Value& value : args.rest) {
    for (const auto& future : futures_of(in, value, "progress")) {
      const CallId id[] = {future->remote->id()};
      future->remote->graph().wait(id, true, {});
    }
  }
  return {};
}

void add_client(BindingTable& table) {
  const char* wishes = "key=, workers=, resources=, retries=, priority=, fifo_timeout=, allow_other_workers=, pure=, **kwargs";
  table.method(Type::client, "submit", (std::string("func, *args, ") + wishes).c_str(), Type::future, client_submit);
  table.method(Type::client, "map", (std::string("func, *iterables, batch_size=, ") + wishes).c_str(), Type::list, client_map);
  table.method(Type::client, "gather", "futures, errors=, direct=, asynchronous=", any, client_gather);
  table.method(Type::client, "scatter", "data, workers=, broadcast=, direct=, hash=, timeout=, asynchronous=", any, client_scatter);
  table.method(Type::client, "cancel", "futures, asynchronous=, force=", Type::none, client_cancel);
  table.method(Type::client, "compute", "collections, sync=, **kwargs", any, [](Interpreter& in, const Arguments& args) -> Value {
    const Value futures = client_compute(in, args);
    return args.given("sync") && truth(in, args.get("sync")) ? gather_value(in, futures) : futures;
  });
  table.method(Type::client, "persist", "collections, **kwargs", any, client_persist);
  for (const char* name : {"close", "shutdown", "restart", "wait_for_workers"})
    table.method(Type::client, name, "*args, **kwargs", Type::none, ignored);
  table.property(Type::client, "dashboard_link", Type::text, [](Interpreter&, const Arguments&) -> Value {
    return "(Rankine has no dashboard: progress goes to standard error, see --progress)";
  });
  table.property(Type::client, "cluster", Type::cluster, [](Interpreter&, const Arguments&) -> Value {
    auto cluster = std::make_shared<ClusterObject>();
    cluster->name = "LocalCluster";
    return cluster;
  });
  for (const char* name : {"scale", "adapt", "close", "scale_up", "scale_down", "wait_for_workers"})
    table.method(Type::cluster, name, "*args, **kwargs", Type::none, ignored);
  table.method(Type::cluster, "get_client", "", Type::client, [](Interpreter&, const Arguments&) -> Value {
    auto client = std::make_shared<ClientObject>();
    client->name = "'rankine'";
    return client;
  });
  table.property(Type::cluster, "dashboard_link", Type::text, [](Interpreter&, const Arguments&) -> Value {
    return "(Rankine has no dashboard: progress goes to standard error, see --progress)";
  });
}

void add_delayed(BindingTable& table) {
  table.method(Type::delayed, "compute", "**kwargs", any,
               [](Interpreter& in, const Arguments& args) -> Value { return compute_values(in, {args.self})[0]; });
  table.method(Type::delayed, "persist", "**kwargs", Type::delayed,
               [](Interpreter& in, const Arguments& args) -> Value { return persist_values(in, {args.self})[0]; });
  table.method(Type::delayed, "visualize", "filename=, format=, optimize_graph=, **kwargs", Type::none,
               [](Interpreter& in, const Arguments& args) { return visualize_values(in, {args.self}, args); });
  table.property(Type::delayed, "key", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    return args.self.as<DelayedObject>()->node->key;
  });
}

/// What has `with` and changes nothing: dask.config.set(...), ProgressBar().
Value no_context(Interpreter&, const Arguments& args) {
  auto context = std::make_shared<ContextObject>();
  context->name = args.binding->name;
  return context;
}

/// with dask.annotate(priority=5, retries=2): inner ones add to outer ones.
Value annotate(Interpreter& in, const Arguments& args) {
  auto context = std::make_shared<ContextObject>();
  context->name = "annotate";
  context->previous_annotations = in.annotations;
  auto all = std::make_shared<DictObject>();
  if (const auto outer = in.annotations.as<DictObject>()) outer->each([&](const Value& name, const Value& value) { all->set(name, value); });
  for (const auto& [name, value] : args.keywords) all->set(name, value);
  static_cast<void>(wishes_from(*all));   // what is wrong is said here
  in.annotations = all;
  return context;
}

}  // namespace

void add_dask(BindingTable& table) {
  table.method(Type::dask, "delayed", "obj=, name=, pure=, nout=, traverse=", any, delayed);
  table.method(Type::dask, "compute", "*args, scheduler=, num_workers=, optimize_graph=, traverse=, **kwargs", Type::tuple, compute);
  table.method(Type::dask, "persist", "*args, traverse=, optimize_graph=, scheduler=, **kwargs", Type::tuple, persist);
  table.method(Type::dask, "visualize", "*args, filename=, traverse=, optimize_graph=, format=, **kwargs", Type::none,
               [](Interpreter& in, const Arguments& args) { return visualize_values(in, args.rest, args); });
  table.method(Type::dask, "annotate", "**kwargs", Type::context, annotate);
  // Graphs are optimised where they run.
  table.method(Type::dask, "optimize", "*args, traverse=, **kwargs", Type::tuple,
               [](Interpreter&, const Arguments& args) -> Value { return make_tuple(args.rest); });
  table.method(Type::dask, "is_dask_collection", "x", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    const Value x = args.get("x");
    return is_delayed(x) || is_dask_array(x) || x.type() == Type::delayed_function;
  });
  table.property(Type::dask, "distributed", Type::dask_distributed,
                 [](Interpreter&, const Arguments&) { return make_module(Type::dask_distributed); });
  table.property(Type::dask, "config", Type::dask_config, [](Interpreter&, const Arguments&) { return make_module(Type::dask_config); });
  table.property(Type::dask, "diagnostics", Type::dask_diagnostics,
                 [](Interpreter&, const Arguments&) { return make_module(Type::dask_diagnostics); });
  table.method(Type::dask_config, "set", "arg=, **kwargs", Type::context, no_context);
  table.method(Type::dask_diagnostics, "ProgressBar", "*args, **kwargs", Type::context, no_context);
  for (const char* name : {"register", "unregister"}) table.method(Type::context, name, "", Type::none, ignored);

  table.method(Type::dask_distributed, "Client", "*args, **kwargs", Type::client, make_client);
  table.method(Type::dask_distributed, "LocalCluster", "*args, **kwargs", Type::cluster, make_cluster);
  // Inside a task: the job's client, as the worker has one in Dask. Waiting gives up the task's place in any case.
  for (const char* name : {"get_client", "worker_client"})
    table.method(Type::dask_distributed, name, "address=, timeout=, resolve_address=, separate_thread=", Type::client,
                 [](Interpreter&, const Arguments&) -> Value {
      auto client = std::make_shared<ClientObject>();
      client->name = "'rankine'";
      return client;
    });
  for (const char* name : {"secede", "rejoin"}) table.method(Type::dask_distributed, name, "", Type::none, ignored);
  table.method(Type::dask_distributed, "as_completed", "futures=, loop=, with_results=, raise_errors=", Type::completed, as_completed);
  table.method(Type::dask_distributed, "wait", "fs, timeout=, return_when=", Type::done_and_not_done, wait_for);
  table.method(Type::dask_distributed, "progress", "*futures, notebook=, multi=, complete=", Type::none, progress);
  table.method(Type::dask_distributed, "fire_and_forget", "obj", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    // Kept until the script ends, when everything is let go.
    static_cast<void>(futures_of(in, args.get("obj"), "fire_and_forget"));
    in.kept.push_back(args.get("obj"));
    return {};
  });
  for (const char* name : {"SLURMCluster", "PBSCluster", "LSFCluster", "SGECluster", "OARCluster", "MoabCluster", "HTCondorCluster"})
    table.method(Type::dask_jobqueue, name, "*args, **kwargs", Type::cluster, make_cluster);
  table.method(Type::dask_mpi, "initialize", "*args, **kwargs", Type::none, [](Interpreter& in, const Arguments&) -> Value {
    note_cluster(in, "initialize");
    return {};
  });
  table.method(Type::completed, "add", "future", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    for (auto& future : futures_of(in, args.get("future"), "add")) args.self.as<CompletedObject>()->waiting.push_back(std::move(future));
    return {};
  });
  table.method(Type::completed, "update", "futures", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    for (auto& future : futures_of(in, args.get("futures"), "update")) args.self.as<CompletedObject>()->waiting.push_back(std::move(future));
    return {};
  });
  table.method(Type::completed, "batches", "", Type::completed, [](Interpreter&, const Arguments& args) -> Value {
    auto batches = std::make_shared<CompletedObject>();
    batches->whole = args.self.as<CompletedObject>();
    return batches;
  });
  table.method(Type::completed, "count", "", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    return static_cast<std::int64_t>(args.self.as<CompletedObject>()->waiting.size());
  });
  table.method(Type::completed, "is_empty", "", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    return args.self.as<CompletedObject>()->waiting.empty();
  });
  table.property(Type::done_and_not_done, "done", Type::list,
                 [](Interpreter&, const Arguments& args) -> Value { return args.self.as<DoneAndNotDoneObject>()->done; });
  table.property(Type::done_and_not_done, "not_done", Type::list,
                 [](Interpreter&, const Arguments& args) -> Value { return args.self.as<DoneAndNotDoneObject>()->not_done; });
  add_delayed(table);
  add_client(table);
  add_future(table);
}

}  // namespace rankine::script
