#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace rankine::runtime {

// Custom graphs: tasks that are calls of functions which every rank knows. What a call takes and gives is bytes; the
// front ends (C++ templates, the script language) turn their values into bytes and back.

class Calls;

/// What a function sees of the rank that runs it.
class CallContext {
 public:
  virtual ~CallContext() = default;
  /// To submit further calls from within one, and wait for them: the call then gives up its place on the threads of its
  /// worker until it goes on, so that waiting never keeps what it waits for from running.
  virtual Calls& calls() = 0;
  virtual int worker() const = 0;
  /// 1 for the first execution.
  virtual std::uint32_t attempt() const = 0;
};

/// The functions that calls name: the same on every rank. Any number of threads may call one at once.
class TaskLibrary {
 public:
  virtual ~TaskLibrary() = default;
  /// Ids are dense from 0.
  virtual std::uint32_t function_count() const = 0;
  virtual std::string name_of(std::uint32_t function) const = 0;
  /// `inputs[k]`: the result of the k-th of CallSpec::inputs. What it throws fails the execution: Error of ExitCode::usage
  /// and ExitCode::internal for good, everything else is tried again as often as the call allows.
  virtual std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                                      std::span<const std::span<const std::byte>> inputs, CallContext& context) const = 0;
  /// For messages: "simulate(3, 1.5)". Must not throw on arguments that call() takes.
  virtual std::string describe(std::uint32_t function, std::span<const std::byte> arguments) const {
    (void)arguments;
    return name_of(function);
  }
  /// The part of the arguments that is the same from one job to the next.
  virtual std::span<const std::byte> lasting(std::span<const std::byte> arguments) const { return arguments; }
};

/// The function that gives its arguments back as they are: values that are scattered.
inline constexpr std::uint32_t value_function = UINT32_MAX;
/// The function that loads what an earlier job has saved of a call (runtime/saved_calls.hpp).
inline constexpr std::uint32_t saved_function = UINT32_MAX - 1;

/// A call, on the side that submitted it. Dense in the order of submission.
struct CallId {
  std::uint32_t value = 0;
  auto operator<=>(const CallId&) const = default;
};

struct CallSpec {
  std::uint32_t function = 0;
  std::vector<std::byte> arguments = {};
  std::vector<CallId> inputs = {};      ///< earlier calls (of this submission too), each once
  std::int32_t priority = 0;            ///< -100 to 100, higher goes first
  std::uint32_t max_attempts = 1;
  std::vector<std::pair<std::string, std::uint32_t>> resources = {};  ///< {"gpu", 1}
  std::string label = {};               ///< for messages; empty: as the library describes it
  Bytes expected_bytes = {};            ///< of the result, a hint
  bool wanted = true;                   ///< somebody will ask for it or release it; false: dropped after its last reader
};

enum class CallState : std::uint8_t { pending, finished, erred };

/// Why a call has no result. `cause` is what failed: itself, or a call that it needs.
struct CallError {
  std::string call;      ///< the label of the call that failed
  std::string message;   ///< what its last execution threw
  bool is_own = true;    ///< false: an input failed
  bool cancelled = false;
  int worker = -1;
  std::uint32_t attempts = 0;
  ExitCode code = ExitCode::task_failed;
  std::string detail = {};   ///< of a DetailedError, for the front end
  std::string earlier = {};  ///< attempts before the last: "worker 2, worker 0: no such file", errors only where others; for text()
  /// One line of everything, for whoever prints it.
  std::string text() const;
};

using CallResult = std::shared_ptr<const std::vector<std::byte>>;

/// The core under `delayed` and futures: rank 0 has one (Session::calls), and so has every call that runs
/// (CallContext::calls). Not thread-safe: one thread uses it. Rank 0's drives the job while it waits.
class Calls {
 public:
  virtual ~Calls() = default;

  /// The id that the next submitted call will have: calls of one submission may name each other.
  virtual CallId next_id() const = 0;
  /// Gives the first one's id; the others follow it. Throws UsageError for a function that is unknown or a priority out of
  /// range.
  virtual CallId submit(std::vector<CallSpec> specs) = 0;

  /// As far as is known here, without waiting. A result that was lost with its worker is pending again.
  virtual CallState state(CallId call) = 0;
  /// Until all are finished or erred.
  virtual void wait(std::span<const CallId> calls) = 0;
  /// Calls finish, or are erred, one after the other: how many have, and which was the n-th. Waits until there are more
  /// than `known`. A result that is lost with its worker and computed again is counted again.
  virtual std::size_t wait_for_completions(std::size_t known) = 0;
  virtual std::size_t completion_count() const = 0;
  virtual CallId completion(std::size_t index) const = 0;

  /// Waits for all and fetches them together. Throws CallFailed for the first, in this order, that is erred.
  virtual std::vector<CallResult> results(std::span<const CallId> calls) = 0;
  /// Of an erred call.
  virtual CallError error(CallId call) = 0;

  /// Nobody here will ask for it again: its result is dropped when no call needs it any more. Once a wanted call.
  virtual void release(CallId call) = 0;
  /// It and what needs it will not have a result; what runs already ends for nothing. Nothing happens to a finished one.
  virtual void cancel(CallId call) = 0;
  /// Does what can be done without waiting.
  virtual void poll() = 0;
};

/// Thrown by results().
struct CallFailed : Error {
  explicit CallFailed(CallError e) : Error(e.code, e.text()), error(std::move(e)) {}
  CallError error;
};

}  // namespace rankine::runtime
