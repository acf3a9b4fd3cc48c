#include "runtime/checkpointer.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace rankine::runtime {

/// The time that a result took together with its share of what its inputs took: a block with three readers adds
/// a third to each. In order of the ids, which is topological.
void Checkpointer::compute_values(const sched::Scheduler& scheduler, const TaskGraph& graph) {
  cost_us_.assign(graph.task_count(), 0);
  std::vector<TaskId> edges;
  for (std::uint32_t i = 0; i < graph.task_count(); ++i) {
    if (graph.is_already_done({i})) continue;
    const auto own = static_cast<float>(scheduler.expected_cost_us({i}));
    const auto readers = graph.dependents_of({i}, edges).size();
    float total = own;
    for (const TaskId input : graph.dependencies_of({i}, edges)) total += cost_us_[input.value];
    cost_us_[i] = total / static_cast<float>(std::max<std::size_t>(readers, 1));
  }
}

std::vector<Checkpointer::Order> Checkpointer::begin(const sched::Scheduler& scheduler, const TaskGraph& graph,
                                                     const std::vector<WorkerId>& workers, Choice choice) {
  RANKINE_CHECK(!is_under_way(), "a checkpoint begins while one is under way");
  ++sequence_;
  record_ = {};
  record_.run = run_;
  compute_values(scheduler, graph);
  std::map<WorkerId, std::vector<TaskId>> tasks;
  std::vector<std::pair<TaskId, WorkerId>> held;
  scheduler.held_outputs(held);
  std::vector<TaskId> edges;
  for (const auto& [task, worker] : held) {
    if (saved_.count(task) != 0) continue;
    const auto readers = std::max<std::size_t>(graph.dependents_of(task, edges).size(), 1);
    const double cost = static_cast<double>(cost_us_[task.value]) * static_cast<double>(readers);
    const double price = static_cast<double>(graph.output_bytes(task).value) / saved_bytes_per_us;
    if (cost >= price * (choice == Choice::all ? 1 : expensive_factor)) tasks[worker].push_back(task);
  }
  std::vector<Order> orders;
  for (const WorkerId worker : workers) {
    waiting_.insert(worker);
    orders.push_back({worker, std::move(tasks[worker])});
    auto& written = written_[worker];
    in_question_[worker] = std::move(written);
    written.clear();
  }
  return orders;
}

void Checkpointer::on_saved(WorkerId worker, std::uint32_t sequence, const journal::CheckpointRecord& part) {
  if (sequence != sequence_ || waiting_.erase(worker) == 0) return;
  const auto first_file = static_cast<std::uint32_t>(record_.files.size());
  record_.files.insert(record_.files.end(), part.files.begin(), part.files.end());
  for (journal::SavedBlock block : part.saved) {
    for (journal::Segment& segment : block.segments) segment.file += first_file;
    saved_.insert(block.task);
    record_.saved.push_back(std::move(block));
  }
  auto& written = in_question_[worker];
  record_.done.insert(record_.done.end(), written.begin(), written.end());
  written.clear();
}

void Checkpointer::on_not_saved(WorkerId worker, std::uint32_t sequence) {
  if (sequence != sequence_ || waiting_.erase(worker) == 0) return;
  auto& written = written_[worker];
  auto& in_question = in_question_[worker];
  written.insert(written.end(), in_question.begin(), in_question.end());
  in_question.clear();
}

void Checkpointer::on_worker_lost(WorkerId worker) {
  waiting_.erase(worker);
  written_.erase(worker);
  in_question_.erase(worker);
}

void Checkpointer::on_file_void(const std::string& path) {
  for (const journal::SavedBlock& block : drop_file(record_, path)) saved_.erase(block.task);
}

journal::CheckpointRecord Checkpointer::take() {
  RANKINE_CHECK(!is_under_way(), "a checkpoint is taken before all have answered");
  in_question_.clear();
  std::sort(record_.done.begin(), record_.done.end());
  return std::exchange(record_, {});
}

}  // namespace rankine::runtime
