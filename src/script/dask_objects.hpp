#pragma once
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "script/delayed.hpp"

namespace rankine::script {

/// dask.distributed.Client and its clusters: the job that the script runs in, whatever they were told.
struct ClientObject : Object {
  static constexpr Type static_type = Type::client;
  Type type() const override { return static_type; }
  std::string name;
};
struct ClusterObject : Object {
  static constexpr Type static_type = Type::cluster;
  Type type() const override { return static_type; }
  std::string name;
};

/// as_completed(futures): gives them as they finish; more may be added meanwhile.
struct CompletedObject : Object {
  static constexpr Type static_type = Type::completed;
  Type type() const override { return static_type; }
  std::deque<std::shared_ptr<FutureObject>> waiting;
  bool with_results = false;
  bool raise_errors = true;
  std::size_t ready_now = 0;   ///< that have finished too, while one is given
  std::shared_ptr<CompletedObject> whole;   ///< of .batches(): gives lists of what has finished by then of this one
};
/// What wait() gives.
struct DoneAndNotDoneObject : Object {
  static constexpr Type static_type = Type::done_and_not_done;
  Type type() const override { return static_type; }
  Value done;
  Value not_done;
};

/// Calls f for each future as it finishes, until it returns false.
void each_completed(Interpreter& in, CompletedObject& completed, const std::function<bool(const Value&)>& f);
/// Dask's repr of its objects; nothing for other values.
std::optional<std::string> repr_of_dask(Interpreter& in, const Value& value);
/// "pending", "finished", "error", "cancelled".
std::string status_of(const FutureObject& future);
/// Every future in a value, in order. Throws UsageError where something is none.
std::vector<std::shared_ptr<FutureObject>> futures_of(Interpreter& in, const Value& value, const char* function);

}  // namespace rankine::script
