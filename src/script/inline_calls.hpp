#pragma once
#include <exception>
#include <unordered_map>

#include "script/call_graph.hpp"
#include "script/host.hpp"
#include "script/remote_call.hpp"

namespace rankine::script {

/// A custom graph without workers: every call is made when it is submitted. For hosts that have no other.
class InlineCalls : public CallGraph {
 public:
  InlineCalls(std::vector<std::byte> program, Host& host) : program_(std::move(program)), host_(host) {}
  CallId submit(CallRequest request) override;
  CallId scatter(std::vector<std::byte> value) override;
  CallStatus status(CallId id) override;
  bool wait(std::span<const CallId>, bool, std::optional<double>) override { return true; }
  std::vector<std::byte> fetch(CallId id) override;
  void cancel(CallId) override {}  // it has been made already
  void release(CallId id) noexcept override { results_.erase(id.value); }

 private:
  struct Result {
    std::vector<std::byte> value;
    std::exception_ptr error;
  };
  std::vector<std::byte> program_;
  Host& host_;
  std::unique_ptr<RemoteProgram> remote_;
  std::unordered_map<std::uint64_t, Result> results_;
  std::uint64_t last_ = 0;
};

}  // namespace rankine::script
