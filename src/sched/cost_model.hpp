#pragma once
#include <cstdint>
#include <vector>

#include "base/task_graph.hpp"

namespace rankine::sched {

/// What tasks are expected to take: the graph's hint times a factor learned for the task's class, an
/// exponentially weighted mean of measured over hinted time (EWMA, Roberts 1959).
///
/// A new factor is published, so that costs change, only when a class has been measured 4, 16, 64, ... times and
/// the factor is more than a quarter off: whoever keeps sums of costs rarely has to sum again.
class CostModel {
 public:
  CostModel() = default;
  CostModel(const TaskGraph& graph, double learning_rate)
      : classes_(learning_rate > 0 ? graph.cost_class_count() : 0), learning_rate_(learning_rate) {}

  std::uint64_t cost_us(const TaskGraph& graph, TaskId task) const {
    const std::uint64_t hint = graph.cost_us(task) | (graph.cost_us(task) == 0);
    if (published_ == 0) return hint;
    const std::uint64_t factor = classes_[graph.cost_class(task)].published;
    const std::uint64_t cost = hint * factor >> fraction_bits;
    return cost | (cost == 0);
  }

  /// Whether tasks like this one have been measured, so that its cost is more than a hint.
  bool is_measured(const TaskGraph& graph, TaskId task) const {
    return !classes_.empty() && classes_[graph.cost_class(task)].next_look > first_look;
  }
  /// True if costs have changed, or a class is measured from now on.
  bool learn(const TaskGraph& graph, TaskId task, std::uint32_t duration_us);

 private:
  static constexpr std::uint32_t fraction_bits = 12;
  static constexpr std::uint32_t first_look = 4;
  struct Class {
    double factor = 0;
    std::uint64_t published = std::uint64_t{1} << fraction_bits;
    std::uint32_t samples = 0;
    std::uint32_t next_look = first_look;
  };
  std::vector<Class> classes_;
  double learning_rate_ = 0;
  std::uint32_t published_ = 0;
};

}  // namespace rankine::sched
