#include "runtime/call_progress.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace rankine::runtime {
namespace {

/// Of a result's line in the journal and its way there.
constexpr double line_bytes = 100;
/// Calls that took less are as quickly made again as read about.
constexpr float least_noted_us = 1000;

}  // namespace

CallProgress::Earlier CallProgress::add(bool by_program, bool is_value, const std::string& function,
                                        std::span<const std::byte> arguments, std::span<const TaskId> inputs) {
  key_scan_.clear();
  for (const TaskId input : inputs) {
    key_scan_.push_back(entries_[input.value].key);
    ++entries_[input.value].readers;
  }
  Entry entry;
  entry.by_program = by_program;
  entry.key = keys_.next(by_program, function, arguments, key_scan_);
  Earlier earlier;
  if (!earlier_.is_empty() && !is_value) {
    if (!by_program) entry.key = earlier_.take_equal(entry.key);
    earlier.saved = earlier_.place_of(entry.key);
    earlier.done = earlier_.is_done(entry.key);
    entry.is_saved = earlier.saved.has_value();
    entry.is_noted = earlier.done;
  }
  entries_.push_back(entry);
  return earlier;
}

void CallProgress::note_finished(TaskId task, std::uint32_t duration_us, Bytes bytes, std::span<const TaskId> inputs) {
  Entry& entry = entries_[task.value];
  entry.bytes = static_cast<float>(bytes.value);
  if (entry.is_saved) return;   // by an earlier job: it was loaded
  entry.cost_us = static_cast<float>(duration_us);
  for (const TaskId input : inputs) {
    const Entry& made = entries_[input.value];
    entry.cost_us += made.is_saved ? static_cast<float>(made.bytes / saved_bytes_per_us)
                                   : made.cost_us / static_cast<float>(std::max<std::uint32_t>(made.readers, 1));
  }
  if (entry.by_program && !entry.is_noted && entry.cost_us >= least_noted_us) finished_.push_back(task);
}

bool CallProgress::is_worth_saving(const Entry& entry, Choice choice) const {
  const double price = (static_cast<double>(entry.bytes) + line_bytes) / saved_bytes_per_us;
  return !entry.is_saved && static_cast<double>(entry.cost_us) >= price * (choice == Choice::all ? 1 : expensive_factor);
}

void CallProgress::note_fetched(TaskId task, const CallResult& result) {
  if (!is_worth_saving(entries_[task.value], Choice::expensive)) return;
  if (fetched_.emplace(task, result).second) fetched_bytes_ += result->size();
}

std::vector<std::pair<TaskId, CallResult>> CallProgress::fetched() const { return {fetched_.begin(), fetched_.end()}; }

std::vector<CallProgress::Order> CallProgress::begin(std::span<const std::pair<TaskId, WorkerId>> held, Choice choice) {
  RANKINE_CHECK(!is_under_way_, "a checkpoint of calls begins while one is under way");
  ++sequence_;
  record_ = {};
  errors_.clear();
  std::map<WorkerId, std::vector<TaskId>> tasks;
  for (const auto& [task, worker] : held)
    if (is_worth_saving(entries_[task.value], choice) && !fetched_.contains(task)) tasks[worker].push_back(task);
  std::vector<Order> orders;
  for (auto& [worker, list] : tasks) {
    std::stable_sort(list.begin(), list.end(), [&](TaskId a, TaskId b) {
      const Entry &x = entries_[a.value], &y = entries_[b.value];
      return static_cast<double>(x.cost_us) * (y.bytes + line_bytes) > static_cast<double>(y.cost_us) * (x.bytes + line_bytes);
    });
    waiting_.insert(worker);
    orders.push_back({worker, std::move(list)});
  }
  for (const TaskId task : std::exchange(finished_, {}))
    if (!std::exchange(entries_[task.value].is_noted, true)) record_.done.push_back(entries_[task.value].key);
  is_under_way_ = !orders.empty() || !fetched_.empty() || !record_.done.empty();
  return orders;
}

void CallProgress::on_saved(WorkerId worker, std::uint32_t sequence, const journal::CheckpointRecord& part, const std::string& error) {
  if (sequence != sequence_ || waiting_.erase(worker) == 0) return;
  if (!error.empty()) errors_.push_back("worker " + std::to_string(worker.value) + ": " + error);
  enter(part);
}

void CallProgress::on_fetched_saved(const journal::CheckpointRecord& part) {
  enter(part);
  fetched_.clear();
  fetched_bytes_ = 0;
}

void CallProgress::enter(const journal::CheckpointRecord& part) {
  const auto first_file = static_cast<std::uint32_t>(record_.files.size());
  record_.files.insert(record_.files.end(), part.files.begin(), part.files.end());
  for (const journal::SavedBlock& block : part.saved) {
    Entry& entry = entries_.at(block.task.value);
    entry.is_saved = true;
    journal::Segment segment = block.segments.at(0);
    segment.file += first_file;
    record_.saved.push_back({entry.key, segment, block.crc32c});
    ++saved_count_;
  }
}

journal::CallsRecord CallProgress::take(std::vector<std::string>& errors) {
  RANKINE_CHECK(has_answers(), "a checkpoint of calls is taken before all have answered");
  is_under_way_ = false;
  errors = std::exchange(errors_, {});
  return std::exchange(record_, {});
}

}  // namespace rankine::runtime
