#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "runtime/script_calls.hpp"
#include "script/inline_calls.hpp"

namespace rankine::runtime {

/// What functions of a script submit while they run as tasks on one thread: delayed graphs, and futures of a Client. Handles
/// go with the execution that made them. Where no call of the custom graph runs (blocks of arrays), calls are made here.
class TaskCalls final : public script::CallGraph {
 public:
  TaskCalls(std::span<const std::byte> program, script::Host& host)
      : program_(program.begin(), program.end()), inline_({program.begin(), program.end()}, host) {}

  /// One execution, on this thread.
  class Scope {
   public:
    Scope(TaskCalls& calls, CallContext& context) : calls_(calls) { calls_.begin(context); }
    ~Scope() { calls_.end(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    TaskCalls& calls_;
  };

  script::CallId submit(script::CallRequest request) override;
  script::CallId scatter(std::vector<std::byte> value) override;
  script::CallStatus status(script::CallId id) override;
  bool wait(std::span<const script::CallId> ids, bool all, std::optional<double> timeout_s) override;
  std::vector<std::byte> fetch(script::CallId id) override { return fetch_all({&id, 1})[0]; }
  std::vector<std::vector<std::byte>> fetch_all(std::span<const script::CallId> ids) override;
  void cancel(script::CallId id) override;
  void release(script::CallId id) noexcept override;

 private:
  void begin(CallContext& context);
  void end();
  script::CallGraph& current();
  /// Ids outside name their execution too. Throws UsageError for one that is over.
  script::CallId inner(script::CallId id) const;
  std::vector<script::CallId> inner(std::span<const script::CallId> ids) const;
  script::CallId outer(script::CallId id) const { return {std::uint64_t{execution_} << 32 | id.value}; }

  std::vector<std::byte> program_;
  script::InlineCalls inline_;
  CallContext* context_ = nullptr;
  std::unique_ptr<ScriptCalls> remote_;   ///< once the execution has submitted something
  std::uint32_t executions_ = 0;
  std::uint32_t execution_ = 0;           ///< 0: none, calls are made here
};

}  // namespace rankine::runtime
