#include "sched/explicit_graph.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace rankine::sched {

ExplicitGraph::ExplicitGraph(const std::vector<ExplicitTask>& tasks) : input_begin_{0}, reader_begin_(tasks.size() + 1, 0) {
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const ExplicitTask& task = tasks[i];
    for (std::size_t k = 0; k < task.inputs.size(); ++k) {
      const TaskId input = task.inputs[k];
      RANKINE_CHECK(input.value < i, "an input must come before its reader");
      RANKINE_CHECK(std::find(inputs_.begin() + input_begin_[i], inputs_.end(), input) == inputs_.end(),
                    "a task names an input twice");
      inputs_.push_back(input);
      ++reader_begin_[input.value + 1];
    }
    input_begin_.push_back(static_cast<std::uint32_t>(inputs_.size()));
    output_bytes_.push_back(task.output_bytes);
    scratch_bytes_.push_back(task.scratch_bytes);
    cost_us_.push_back(task.cost_us);
    pin_group_.push_back(task.pin_group);
    wanted_.push_back(task.wanted);
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) reader_begin_[i + 1] += reader_begin_[i];
  readers_.resize(inputs_.size());
  std::vector<std::uint32_t> next(reader_begin_.begin(), reader_begin_.end() - 1);
  for (std::uint32_t i = 0; i < tasks.size(); ++i)
    for (std::uint32_t k = input_begin_[i]; k < input_begin_[i + 1]; ++k)
      readers_[next[inputs_[k].value]++] = TaskId{i};
}

}  // namespace rankine::sched
