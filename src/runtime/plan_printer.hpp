#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "runtime/pipeline_host.hpp"

namespace rankine::runtime {

/// A job to forecast, by the real scheduler in the simulator.
struct ForecastJob {
  std::uint32_t ranks = 0;            ///< 0: no forecast
  std::uint32_t threads = 1;          ///< a rank
  std::optional<Bytes> memory_limit;  ///< a rank; plans that cannot fit are refused
  Bytes program = {};                 ///< what a rank takes of it without a block; 0: not counted
  bool spills = true;                 ///< what does not fit is spilled
  Bytes spill_limit = {};             ///< a rank; 0: none
  std::string graph_file = {};        ///< where pictures go: out.svg, the second plan's out-2.svg; empty: none
};

/// Stands in for a Session under `rankine plan`: prints each plan and reads no data. Values that the
/// script asks for are NaN (0 for integers), so that it can go on.
class PlanPrinter {
 public:
  explicit PlanPrinter(ForecastJob job = {}) : job_(job) {}

  /// Throws Error (resources) if a task of the plan does not fit the job's memory limit.
  std::vector<NdArray> print(const PlanRequest& request);
  std::size_t plan_count() const { return plan_count_; }

 private:
  void print_forecast(const std::shared_ptr<const plan::LoweredPlan>& plan) const;

  ForecastJob job_;
  std::size_t plan_count_ = 0;
};

}  // namespace rankine::runtime
