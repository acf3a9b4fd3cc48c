#include "sched/cost_model.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::sched {

bool CostModel::learn(const TaskGraph& graph, TaskId task, std::uint32_t duration_us) {
  if (classes_.empty()) return false;
  Class& of_task = classes_[graph.cost_class(task)];
  const double hint = std::max<std::uint32_t>(1, graph.cost_us(task));
  const double ratio = std::max(0.5, static_cast<double>(duration_us)) / hint;
  of_task.factor = of_task.samples == 0 ? ratio : of_task.factor + learning_rate_ * (ratio - of_task.factor);
  if (of_task.samples != UINT32_MAX) ++of_task.samples;
  if (of_task.samples != of_task.next_look) return false;
  const bool is_first_look = of_task.next_look == first_look;
  of_task.next_look = std::min<std::uint32_t>(of_task.next_look, UINT32_MAX / 4) * 4;
  const double scale = static_cast<double>(std::uint64_t{1} << fraction_bits);
  const auto factor = static_cast<std::uint64_t>(std::clamp(of_task.factor * scale, 1.0, 0x1.0p31));
  const double change = static_cast<double>(factor) / static_cast<double>(of_task.published);
  if (change > 0.8 && change < 1.25) return is_first_look;
  of_task.published = factor;
  ++published_;
  return true;
}

}  // namespace rankine::sched
