#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rankine/error.hpp"
#include "rankine/serialise.hpp"

namespace rankine {

/// A task, or one that it needs, has no result: it failed as often as it may be tried, or was cancelled.
struct TaskError : Error {
  TaskError(ExitCode code, const std::string& text) : Error(code, text) {}
  std::string task;       ///< the one that failed, with its arguments: "simulate(3, 1.5)"
  std::string message;    ///< what its last attempt threw
  bool is_own = true;     ///< false: a task that this one needs failed
  bool cancelled = false;
  int worker = -1;        ///< rank of the last attempt
  unsigned attempts = 0;
};

/// How a task is to be run.
struct SubmitOptions {
  int priority = 0;                                       ///< -100 to 100; higher goes first
  unsigned retries = 0;                                   ///< after a failure
  std::vector<std::pair<std::string, unsigned>> resources = {};  ///< {{"gpu", 1}}: only where --resources says so
  std::string name = {};                                  ///< in messages, in place of "function(arguments)"
};

namespace detail {

struct TaskEntry;
using Bytes = std::vector<std::byte>;
using BytesPtr = std::shared_ptr<const Bytes>;

struct Submission {
  const TaskEntry* task = nullptr;  ///< null: a value that is scattered
  Bytes arguments;
  std::vector<std::uint32_t> inputs;
  SubmitOptions options;
  std::size_t expected_bytes = 0;
  bool wanted = true;
};

/// Where calls go: rank 0's run of calls, or what a running task may ask of it.
class Port {
 public:
  virtual ~Port() = default;
  virtual std::uint32_t next_id() = 0;
  virtual std::uint32_t submit(std::vector<Submission> submissions) = 0;
  virtual bool is_done(std::uint32_t id) = 0;
  virtual void wait(std::span<const std::uint32_t> ids) = 0;
  virtual std::size_t wait_for_completions(std::size_t known) = 0;
  virtual std::size_t completion_count() = 0;
  virtual std::uint32_t completion(std::size_t index) = 0;
  /// Throws TaskError for the first that has none.
  virtual std::vector<BytesPtr> results(std::span<const std::uint32_t> ids) = 0;
  virtual std::optional<TaskError> error(std::uint32_t id) = 0;
  virtual void cancel(std::uint32_t id) = 0;
  virtual void release(std::uint32_t id) noexcept = 0;
};

/// The last of these to go lets the result go.
class Handle {
 public:
  Handle(std::shared_ptr<Port> port, std::uint32_t id) : port_(std::move(port)), id_(id) {}
  ~Handle() { port_->release(id_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Port& port() const { return *port_; }
  std::uint32_t id() const { return id_; }

 private:
  std::shared_ptr<Port> port_;
  std::uint32_t id_;
};

/// What a task without a result leaves behind.
struct Nothing {};
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, Nothing, T>;

}  // namespace detail

/// A result that is, or will be, on some worker. Copies share it; it is dropped with the last of them (and of the tasks
/// that need it). A task runs also when its future has been dropped.
template <class T>
class Future {
 public:
  using value_type = T;
  Future() = default;
  explicit Future(std::shared_ptr<const detail::Handle> handle) : handle_(std::move(handle)) {}

  /// Waits, and fetches the result. Throws TaskError.
  T get() const {
    const std::uint32_t id = handle().id();
    const auto bytes = handle().port().results({&id, 1});
    if constexpr (!std::is_void_v<T>) return from_bytes<T>(*bytes[0]);
  }
  void wait() const {
    const std::uint32_t id = handle().id();
    handle().port().wait({&id, 1});
  }
  /// Finished, failed or cancelled, as far as is known here.
  bool done() const { return handle().port().is_done(handle().id()); }
  /// Why there is no result; nothing while it is under way or if there is one.
  std::optional<TaskError> error() const { return handle().port().error(handle().id()); }
  /// It and what needs it will have no result; what has finished already stays.
  void cancel() const { handle().port().cancel(handle().id()); }
  bool valid() const { return handle_ != nullptr; }

  const detail::Handle& handle() const {
    if (!handle_) throw UsageError("an empty Future is asked for something");
    return *handle_;
  }
  const std::shared_ptr<const detail::Handle>& shared_handle() const { return handle_; }

 private:
  std::shared_ptr<const detail::Handle> handle_;
};

}  // namespace rankine
