#pragma once
#include <cstddef>
#include <vector>

#include "runtime/pipeline_host.hpp"

namespace rankine::runtime {

/// Stands in for a Session under `rankine plan`: prints each plan and reads no data. Values that the
/// script asks for are NaN (0 for integers), so that it can go on.
class PlanPrinter {
 public:
  std::vector<NdArray> print(const PlanRequest& request);
  std::size_t plan_count() const { return plan_count_; }

 private:
  std::size_t plan_count_ = 0;
};

}  // namespace rankine::runtime
