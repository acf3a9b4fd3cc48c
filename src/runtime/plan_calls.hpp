#pragma once
#include <string>

#include "base/dot_graph.hpp"
#include "script/call_graph.hpp"
#include "script/host.hpp"

namespace rankine::runtime {

/// Stands in for a job's calls under `rankine plan`: notes what would be called. A value that only a run has ends the
/// script: what follows it cannot be planned.
class PlanCalls : public script::CallGraph {
 public:
  /// `graph_file`: where the picture goes; empty: none.
  explicit PlanCalls(std::string graph_file) : graph_file_(std::move(graph_file)) {}
  script::CallId submit(script::CallRequest request) override;
  script::CallId scatter(std::vector<std::byte> value) override;
  script::CallStatus status(script::CallId) override { return script::CallStatus::pending; }
  [[noreturn]] bool wait(std::span<const script::CallId> ids, bool all, std::optional<double> timeout_s) override;
  [[noreturn]] std::vector<std::byte> fetch(script::CallId id) override;
  [[noreturn]] std::vector<std::vector<std::byte>> fetch_all(std::span<const script::CallId> ids) override;
  void cancel(script::CallId) override {}
  void release(script::CallId) noexcept override {}
  /// Prints how many calls of what there are, and draws them, unless that is done or there are none.
  void print();
  bool any() const { return !graph_.nodes.empty(); }

 private:
  [[noreturn]] void end();
  std::string graph_file_;
  DotGraph graph_;
  bool printed_ = false;
};

}  // namespace rankine::runtime
