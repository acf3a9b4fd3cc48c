#include "sched/explicit_graph.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace rankine::sched {
namespace {

std::size_t hash_of(const TaskProfile& profile) {
  std::uint64_t hash = profile.output_bytes.value;
  for (const std::uint64_t part : {profile.scratch_bytes.value, std::uint64_t{profile.cost_us},
                                   std::uint64_t{profile.pin_group.value}, std::uint64_t{profile.cost_class},
                                   static_cast<std::uint64_t>(profile.priority) * 2 + (profile.wanted ? 1 : 0)}) {
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9ULL + part;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

ExplicitGraph::ExplicitGraph(const std::vector<ExplicitTask>& tasks) {
  Builder builder;
  for (const ExplicitTask& task : tasks)
    builder.add(task.inputs, {task.output_bytes, task.scratch_bytes, task.cost_us, task.pin_group, task.wanted,
                              task.cost_class, task.priority, task.needs});
  *this = builder.build();
}

void ExplicitGraph::Builder::reserve(std::size_t tasks, std::size_t edges) {
  graph_.input_begin_.reserve(tasks + 1);
  graph_.profile_.reserve(tasks);
  graph_.inputs_.reserve(edges);
}

TaskId ExplicitGraph::Builder::add(std::span<const TaskId> inputs, const TaskProfile& profile) {
  const std::uint32_t id = task_count();
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    RANKINE_CHECK(inputs[k].value < id, "an input must come before its reader");
    // Long lists are rising in practice; only others are searched.
    RANKINE_CHECK((k == 0 || inputs[k - 1] < inputs[k]) ||
                      std::find(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(k), inputs[k]) ==
                          inputs.begin() + static_cast<std::ptrdiff_t>(k),
                  "a task names an input twice");
  }
  graph_.inputs_.insert(graph_.inputs_.end(), inputs.begin(), inputs.end());
  graph_.input_begin_.push_back(static_cast<std::uint32_t>(graph_.inputs_.size()));
  graph_.profile_.push_back(number_of(profile));
  return {id};
}

std::uint32_t ExplicitGraph::Builder::number_of(const TaskProfile& profile) {
  if (!graph_.profile_.empty() && graph_.profiles_[graph_.profile_.back()] == profile) return graph_.profile_.back();
  const std::size_t hash = hash_of(profile);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto at = first; at != last; ++at)
    if (graph_.profiles_[at->second] == profile) return at->second;
  const auto number = static_cast<std::uint32_t>(graph_.profiles_.size());
  by_hash_.emplace(hash, number);
  graph_.profiles_.push_back(profile);
  graph_.cost_class_count_ = std::max(graph_.cost_class_count_, profile.cost_class + 1);
  graph_.has_priorities_ = graph_.has_priorities_ || profile.priority != 0;
  graph_.has_needs_ = graph_.has_needs_ || !profile.needs.empty();
  return number;
}

ExplicitGraph ExplicitGraph::Builder::build() {
  by_hash_.clear();
  ExplicitGraph graph = std::exchange(graph_, ExplicitGraph());
  graph.index_readers();
  return graph;
}

/// Counting sort of the edges by input: readers come out ascending.
void ExplicitGraph::index_readers() {
  const std::uint32_t count = task_count();
  // Counted two places on, so that after filling, each entry is where its readers begin.
  reader_begin_.assign(std::size_t{count} + 2, 0);
  for (const TaskId input : inputs_) ++reader_begin_[std::size_t{input.value} + 2];
  for (std::size_t i = 2; i < reader_begin_.size(); ++i) reader_begin_[i] += reader_begin_[i - 1];
  readers_.resize(inputs_.size());
  for (std::uint32_t i = 0; i < count; ++i)
    for (std::uint32_t k = input_begin_[i]; k < input_begin_[i + 1]; ++k)
      readers_[reader_begin_[std::size_t{inputs_[k].value} + 1]++] = TaskId{i};
  reader_begin_.pop_back();
}

std::shared_ptr<const TaskGraph> with_stored_edges(std::shared_ptr<const TaskGraph> graph, std::uint32_t edges_per_task) {
  ExplicitGraph::Builder builder;
  const std::uint32_t count = graph->task_count();
  builder.reserve(count, count);
  std::size_t edges = 0;
  std::vector<TaskId> buffer;
  TaskProfile profile;
  for (std::uint32_t i = 0; i < count; ++i) {
    const TaskId task{i};
    const auto inputs = graph->dependencies_of(task, buffer);
    edges += inputs.size();
    // A few tasks that read everything are fine.
    if (edges > std::size_t{edges_per_task} * count + 1024) return graph;
    for (const TaskId input : inputs)
      if (input.value >= i) return graph;
    profile.output_bytes = graph->output_bytes(task);
    profile.scratch_bytes = graph->scratch_bytes(task);
    profile.cost_us = graph->cost_us(task);
    profile.pin_group = graph->pin_group(task);
    profile.wanted = graph->is_wanted(task);
    profile.cost_class = graph->cost_class(task);
    profile.priority = graph->priority(task);
    const auto needs = graph->resource_needs(task);
    profile.needs.assign(needs.begin(), needs.end());
    profile.already_done = graph->is_already_done(task);
    builder.add(inputs, profile);
  }
  auto stored = std::make_shared<ExplicitGraph>(builder.build());
  stored->cost_class_count_ = graph->cost_class_count();
  stored->original_ = std::move(graph);
  return stored;
}

void ExplicitGraph::fetch_ahead(TaskId task, unsigned stage) const {
  if (stage == 0) {
    __builtin_prefetch(&input_begin_[task.value]);
    __builtin_prefetch(&reader_begin_[task.value]);
    __builtin_prefetch(&profile_[task.value]);
  } else {
    __builtin_prefetch(inputs_.data() + input_begin_[task.value]);
    __builtin_prefetch(readers_.data() + reader_begin_[task.value]);
  }
}

std::size_t ExplicitGraph::memory_bytes() const {
  return (input_begin_.capacity() + reader_begin_.capacity() + profile_.capacity()) * sizeof(std::uint32_t) +
         (inputs_.capacity() + readers_.capacity()) * sizeof(TaskId) + profiles_.capacity() * sizeof(TaskProfile);
}

}  // namespace rankine::sched
