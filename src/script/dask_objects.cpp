#include "script/dask_objects.hpp"

#include "base/error.hpp"
#include "script/dask_array.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"

namespace rankine::script {

std::string status_of(const FutureObject& future) {
  switch (future.remote->graph().status(future.remote->id())) {
    case CallStatus::pending: return "pending";
    case CallStatus::finished: return "finished";
    case CallStatus::failed: return "error";
    case CallStatus::cancelled: return "cancelled";
  }
  return "lost";
}

std::vector<std::shared_ptr<FutureObject>> futures_of(Interpreter& in, const Value& value, const char* function) {
  std::vector<std::shared_ptr<FutureObject>> futures;
  if (auto future = value.as<FutureObject>()) return {future};
  if (const auto delayed = value.as<DelayedObject>(); delayed && delayed->node->held)
    return {std::make_shared<FutureObject>(delayed->node->held, delayed->node->key)};
  if (is_dask_array(value) || is_labelled(value)) return {};  // its values are there, or are computed when they are needed
  const bool container = value.type() == Type::list || value.type() == Type::tuple || value.type() == Type::dict;
  if (!container) throw TypeError(std::string(function) + "() takes futures, not " + name_of(value.type()));
  for (const Value& element : elements_of(in, value)) {
    const auto inner = futures_of(in, element, function);
    futures.insert(futures.end(), inner.begin(), inner.end());
  }
  return futures;
}

void each_completed(Interpreter& in, CompletedObject& completed, const std::function<bool(const Value&)>& f) {
  if (completed.whole) {
    while (!completed.whole->waiting.empty()) {
      Values batch;
      each_completed(in, *completed.whole, [&](const Value& one) {
        batch.push_back(one);
        return completed.whole->ready_now != 0;
      });
      if (!f(make_list(std::move(batch)))) return;
    }
    return;
  }
  while (!completed.waiting.empty()) {
    in.check_stack();
    std::vector<CallId> ids;
    for (const auto& future : completed.waiting) ids.push_back(future->remote->id());
    CallGraph& graph = completed.waiting.front()->remote->graph();
    graph.wait(ids, false, {});
    // All that have finished by now, in the order in which they were given.
    std::deque<std::shared_ptr<FutureObject>> finished, pending;
    for (auto& future : completed.waiting)
      (graph.status(future->remote->id()) == CallStatus::pending ? pending : finished).push_back(std::move(future));
    completed.waiting = std::move(pending);
    while (!finished.empty()) {
      const auto future = finished.front();
      finished.pop_front();
      completed.ready_now = finished.size();
      Value element = future;
      if (completed.with_results) {
        const bool good = graph.status(future->remote->id()) == CallStatus::finished;
        element = make_tuple({future, good || completed.raise_errors ? fetch_value(in, future->remote) : Value()});
      }
      if (f(element)) continue;
      completed.waiting.insert(completed.waiting.begin(), finished.begin(), finished.end());
      return;
    }
  }
}

std::optional<std::string> repr_of_dask(Interpreter&, const Value& value) {
  if (const auto delayed = value.as<DelayedObject>()) return "Delayed('" + delayed->node->key + "')";
  if (const auto function = value.as<DelayedFunctionObject>()) return "Delayed('" + function->name + "')";
  if (const auto future = value.as<FutureObject>())
    return "<Future: " + status_of(*future) + ", key: " + future->key + ">";
  if (const auto array = value.as<DaskArrayObject>()) return repr_of_dask_array(*array);
  if (const auto client = value.as<ClientObject>()) return "<Client: " + client->name + ">";
  if (const auto cluster = value.as<ClusterObject>()) return cluster->name + "()";
  return std::nullopt;
}

}  // namespace rankine::script
