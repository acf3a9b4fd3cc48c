#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rankine::script {

/// A value that a worker computes or holds, by its number in the custom graph of this run.
struct CallId {
  std::uint64_t value = 0;
  bool operator==(const CallId&) const = default;
};

/// One call of a script's function, to be made by a worker: what remote_call.hpp reads, and the values it needs.
struct CallRequest {
  std::string name;                 ///< "inc": for messages and pictures
  std::vector<std::byte> payload;
  std::vector<CallId> inputs;       ///< each once
  int priority = 0;                 ///< higher runs first
  unsigned attempts = 1;
  std::vector<std::pair<std::string, double>> resources = {};
};

enum class CallStatus : std::uint8_t { pending, finished, failed, cancelled };

/// The custom graph of a run, as scripts build it: it grows while it is computed. All calls come from the script's
/// thread. The runtime implements it.
class CallGraph {
 public:
  virtual ~CallGraph() = default;
  /// Returns at once; the call is made when its inputs are there.
  virtual CallId submit(CallRequest request) = 0;
  /// A value that is there already.
  virtual CallId scatter(std::vector<std::byte> value) = 0;
  virtual CallStatus status(CallId id) = 0;
  /// Waits until one of them is no longer pending; until all are with `all`. False if the time was over before.
  virtual bool wait(std::span<const CallId> ids, bool all, std::optional<double> timeout_s) = 0;
  /// The value; waits for it. Throws Error with the message of the task that failed: DetailedError with what
  /// write_exception() wrote where it raised one.
  virtual std::vector<std::byte> fetch(CallId id) = 0;
  /// Several at once, in order.
  virtual std::vector<std::vector<std::byte>> fetch_all(std::span<const CallId> ids) {
    std::vector<std::vector<std::byte>> values;
    for (const CallId id : ids) values.push_back(fetch(id));
    return values;
  }
  virtual void cancel(CallId id) = 0;
  /// Nobody will ask for the value any more.
  virtual void release(CallId id) noexcept = 0;
};

}  // namespace rankine::script
