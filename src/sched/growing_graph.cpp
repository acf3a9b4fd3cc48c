#include "sched/growing_graph.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace rankine::sched {

TaskId GrowingGraph::add(std::span<const TaskId> inputs, const TaskProfile& profile, std::uint32_t max_attempts) {
  const TaskId task{task_count()};
  RANKINE_CHECK(task.value < UINT32_MAX - 1, "a graph has fewer than 2^32 tasks");
  RANKINE_CHECK(profile.cost_class < cost_class_count_, "an unknown class of costs");
  RANKINE_CHECK(inputs_.size() + inputs.size() < no_edge, "a graph has fewer than 2^32 edges");
  first_reader_.push_back(no_edge);
  last_reader_.push_back(no_edge);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    RANKINE_CHECK(inputs[k] < task, "an input must come before its reader");
    std::uint32_t& last = last_reader_[inputs[k].value];
    RANKINE_CHECK(last == no_edge || edges_[last].reader != task, "a task names an input twice");
    const auto edge = static_cast<std::uint32_t>(edges_.size());
    (last == no_edge ? first_reader_[inputs[k].value] : edges_[last].next) = edge;
    last = edge;
    edges_.push_back({task, no_edge});
  }
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
  input_begin_.push_back(static_cast<std::uint32_t>(inputs_.size()));
  profile_.push_back(number_of({profile, max_attempts}));
  return task;
}

std::uint32_t GrowingGraph::number_of(Profile profile) {
  if (!profile_.empty() && profiles_[profile_.back()] == profile) return profile_.back();
  const TaskProfile& task = profile.task;
  std::size_t hash = task.output_bytes.value;
  for (const std::uint64_t part : {std::uint64_t{task.cost_class}, std::uint64_t{profile.max_attempts},
                                   static_cast<std::uint64_t>(task.priority) * 4 + (task.wanted ? 1 : 0) + (task.already_done ? 2 : 0)})
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9ULL + part;
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at)
    if (profiles_[at->second] == profile) return at->second;
  const auto number = static_cast<std::uint32_t>(profiles_.size());
  by_hash_.emplace(hash, number);
  has_priorities_ = has_priorities_ || task.priority != 0;
  has_needs_ = has_needs_ || !task.needs.empty();
  profiles_.push_back(std::move(profile));
  return number;
}

std::size_t GrowingGraph::memory_bytes() const {
  return (input_begin_.capacity() + first_reader_.capacity() + last_reader_.capacity() + profile_.capacity()) * sizeof(std::uint32_t) +
         inputs_.capacity() * sizeof(TaskId) + edges_.capacity() * sizeof(Edge) + profiles_.capacity() * sizeof(Profile);
}

}  // namespace rankine::sched
