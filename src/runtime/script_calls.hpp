#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "grid/nd_array.hpp"
#include "runtime/calls.hpp"
#include "script/block_call.hpp"
#include "script/call_graph.hpp"

namespace rankine::runtime {

/// What this process's limit is for tasks of scripts. Called before its threads begin.
void limit_script_tasks(Bytes limit, Bytes program);

/// The functions of a pipeline script as tasks: function 0 is a call that script::write_remote_call wrote. Every rank has
/// read the same script when the job began; each thread parses it once and keeps its interpreter.
class ScriptLibrary : public TaskLibrary {
 public:
  ScriptLibrary(std::string name, std::string text);
  ~ScriptLibrary() override;
  ScriptLibrary(const ScriptLibrary&) = delete;
  ScriptLibrary& operator=(const ScriptLibrary&) = delete;
  /// The one of this process; null: none.
  static const ScriptLibrary* current();
  /// A block of the call that script::write_block_call wrote.
  NdArray evaluate_block(std::span<const std::byte> call, const std::vector<script::BlockArgument>& blocks, DType dtype,
                         const Shape& shape) const;
  /// The array that script::write_remote_graph's calls give.
  NdArray evaluate_array(std::span<const std::byte> graph) const;
  std::uint32_t function_count() const override { return 1; }
  std::string name_of(std::uint32_t function) const override;
  std::vector<std::byte> call(std::uint32_t function, std::span<const std::byte> arguments,
                              std::span<const std::span<const std::byte>> inputs, CallContext& context) const override;
  std::string describe(std::uint32_t function, std::span<const std::byte> arguments) const override;
  /// Without the digest, which holds the path by which the script was named.
  std::span<const std::byte> lasting(std::span<const std::byte> arguments) const override { return arguments.subspan(sizeof digest_); }
  /// Of name and text: tells whether two ranks have read the same script.
  static std::uint64_t digest_of(std::span<const std::byte> program);

 private:
  std::vector<std::byte> program_;
  std::uint64_t digest_ = 0;
};

/// The scripts' side of a job's calls.
class ScriptCalls : public script::CallGraph {
 public:
  /// `before`: called before anything is submitted.
  ScriptCalls(Calls& calls, std::span<const std::byte> program, std::function<void()> before)
      : calls_(calls), digest_(ScriptLibrary::digest_of(program)), before_(std::move(before)) {}
  script::CallId submit(script::CallRequest request) override;
  script::CallId scatter(std::vector<std::byte> value) override;
  script::CallStatus status(script::CallId id) override;
  bool wait(std::span<const script::CallId> ids, bool all, std::optional<double> timeout_s) override;
  std::vector<std::byte> fetch(script::CallId id) override;
  std::vector<std::vector<std::byte>> fetch_all(std::span<const script::CallId> ids) override;
  void cancel(script::CallId id) override;
  void release(script::CallId id) noexcept override;
  /// Does what can be done without waiting.
  void poll() { calls_.poll(); }

 private:
  Calls& calls_;
  std::uint64_t digest_;
  std::function<void()> before_;
};

}  // namespace rankine::runtime
