#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine {

/// So much of a countable resource ("gpu") a task occupies at its worker while it is assigned there.
struct ResourceNeed {
  std::uint32_t resource = 0;  ///< number of the label: TaskGraph::resource_name, WorkerDescription::resources
  std::uint32_t amount = 1;
  bool operator==(const ResourceNeed&) const = default;
};

/// All that the scheduler knows of a plan. A task is an id, dependencies, a byte count and a cost.
/// Regular layers answer by arithmetic on the block index; explicit graphs from CSR arrays.
/// Every answer is a pure function of the task, so it may be asked again at any time.
class TaskGraph {
 public:
  virtual ~TaskGraph() = default;
  virtual std::uint32_t task_count() const = 0;
  /// Appends the tasks whose outputs `task` reads, each once, in a fixed order.
  virtual void dependencies(TaskId task, std::vector<TaskId>& out) const = 0;
  /// Appends the tasks that read the output of `task`, each once, in a fixed order.
  virtual void dependents(TaskId task, std::vector<TaskId>& out) const = 0;
  /// Exact (or, for compressed chunks, largest possible) bytes of the output.
  virtual Bytes output_bytes(TaskId task) const = 0;
  /// Transient bytes beyond inputs and output while it runs (decode buffers and the like).
  virtual Bytes scratch_bytes(TaskId task) const = 0;
  /// Estimated run time, a hint.
  virtual std::uint32_t cost_us(TaskId task) const = 0;
  virtual PinGroup pin_group(TaskId task) const = 0;
  /// Outputs that the client will fetch: kept until it says so.
  virtual bool is_wanted(TaskId task) const = 0;
  /// Name for messages: "mean-partial (3, 0, 0)".
  virtual std::string describe(TaskId task) const = 0;

  // What follows has an answer already; graphs override it where they know better.

  /// The lists above without a copy: a view of the graph's own edges, or of `buffer`, which is overwritten.
  virtual std::span<const TaskId> dependencies_of(TaskId task, std::vector<TaskId>& buffer) const {
    buffer.clear();
    dependencies(task, buffer);
    return buffer;
  }
  virtual std::span<const TaskId> dependents_of(TaskId task, std::vector<TaskId>& buffer) const {
    buffer.clear();
    dependents(task, buffer);
    return buffer;
  }
  /// The task's numbers and edges will be asked for soon: graphs that store them may fetch them into the caches,
  /// at stage 0 where its edges begin, at stage 1 the edges.
  virtual void fetch_ahead(TaskId, unsigned /*stage*/) const {}
  /// Tasks of one class (a layer, a function) err alike in cost_us: what some of them took corrects the hint
  /// of the others during a run. 0 classes: hints are never corrected.
  virtual std::uint32_t cost_class_count() const { return 0; }
  virtual std::uint32_t cost_class(TaskId) const { return 0; }
  /// Higher goes first, with all that it needs; 0 where the user said nothing.
  virtual bool has_priorities() const { return false; }
  virtual std::int32_t priority(TaskId) const { return 0; }
  /// Empty for nearly all tasks. Valid as long as the graph.
  virtual bool has_resource_needs() const { return false; }
  virtual std::span<const ResourceNeed> resource_needs(TaskId) const { return {}; }
  /// Root tasks of one locality other than 0 read pieces of one stored chunk: the worker that has run one of them has it
  /// decoded already.
  virtual bool has_localities() const { return false; }
  virtual std::uint64_t locality(TaskId) const { return 0; }
  /// Executions that may fail before the task has failed for good; 0: as the scheduler's options say.
  virtual std::uint32_t max_attempts(TaskId) const { return 0; }
  /// Tasks may be added at the end while a run is on: Scheduler::on_tasks_added. Ids are then in topological order.
  virtual bool grows() const { return false; }
  virtual std::string resource_name(std::uint32_t resource) const { return "resource " + std::to_string(resource); }
  /// It counts as finished before the run begins and never runs: an earlier run did it, or nothing needs it. Such a
  /// task has no edges.
  virtual bool is_already_done(TaskId) const { return false; }
};

}  // namespace rankine
