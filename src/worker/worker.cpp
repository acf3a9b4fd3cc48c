#include "worker/worker.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"

namespace rankine::worker {

void Worker::on_assign(const Assignment& assignment, std::span<const InputLocation> inputs, Actions& out) {
  if (aborted_) return;
  if (const auto known = tasks_.find(assignment.task); known != tasks_.end()) {
    RANKINE_CHECK(known->second.attempt == assignment.attempt, "a task was assigned again before its report");
    return;
  }
  LocalTask& task = tasks_[assignment.task];
  task.attempt = assignment.attempt;
  task.priority = assignment.priority;
  if (options_.spill.enabled) task.room = assignment.room;
  for (const InputLocation& input : inputs) {
    if (add_input(assignment, input, task)) continue;
    forget_task(assignment.task, out);
    out.emplace_back(ReportInputMissing{assignment.task, assignment.attempt, input.task});
    return advance(out);
  }
  if (task.missing == 0) {
    task.state = TaskState::ready;
    ready_.emplace_back(task.priority, assignment.task);
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
  }
  advance(out);
}

/// False if the input should be here and is not, or if its holder is lost (rank 0 may not know yet).
bool Worker::add_input(const Assignment& assignment, const InputLocation& input, LocalTask& task) {
  auto known = blocks_.find(input.task);
  const bool is_new = known == blocks_.end();
  const bool is_gone = input.holder == options_.self || lost_peers_.contains(input.holder);
  if (is_gone && (is_new || !is_here(known->second.state))) return false;
  if (is_new) known = blocks_.emplace(input.task, LocalBlock{}).first;
  LocalBlock& block = known->second;
  if (!is_here(block.state)) {
    ++task.missing;
    block.holder = input.holder;  // the latest word counts, also if an older holder was asked already
    if (block.state == BlockState::queued) block.bytes = input.bytes;
    // Also when it is queued already: this reader may be more urgent. The later entry is skipped.
    if (block.state == BlockState::queued) {
      wanted_.emplace_back(assignment.priority, input.task);
      std::push_heap(wanted_.begin(), wanted_.end(), std::greater<>());
    }
  }
  end_idleness(block);
  note_known();
  block.readers.push_back(assignment.task);
  task.inputs.push_back(input.task);
  return true;
}

void Worker::on_release(std::span<const TaskId> tasks, Actions& out) {
  for (const TaskId task : tasks) {
    const auto block = blocks_.find(task);
    if (block == blocks_.end()) continue;
    block->second.is_copy = false;
    if (block->second.idle_since != 0) {
      end_idleness(block->second);
      erase_block(block, out);
      continue;
    }
    if (block->second.state != BlockState::owned) continue;
    block->second.release_asked = true;
    drop_if_unneeded(task, out);
  }
  advance(out);
}

void Worker::on_recall(TaskId task, std::uint32_t attempt, Actions& out) {
  const auto known = tasks_.find(task);
  const bool granted = known != tasks_.end() && known->second.attempt == attempt &&
                       known->second.state != TaskState::running && !aborted_;
  if (granted) forget_task(task, out);
  out.emplace_back(AnswerRecall{task, attempt, granted});
  advance(out);
}

void Worker::on_copy_wanted(TaskId task, WorkerId holder, Bytes bytes, Actions& out) {
  // What is here, or asked for, for readers is kept after them anyway.
  if (aborted_ || bytes > options_.replica_cache || holder == options_.self || lost_peers_.contains(holder) || blocks_.contains(task)) return;
  LocalBlock& block = blocks_[task];
  block.holder = holder;
  block.bytes = bytes;
  block.is_copy = true;
  wanted_.emplace_back(UINT64_MAX, task);
  std::push_heap(wanted_.begin(), wanted_.end(), std::greater<>());
  advance(out);
}

void Worker::on_made_holder(TaskId task, Actions& out) {
  if (aborted_) return;
  const auto known = blocks_.find(task);
  if (known == blocks_.end() || !is_here(known->second.state)) {
    out.emplace_back(ReportLost{task, false});
  } else if (known->second.state == BlockState::replica) {
    end_idleness(known->second);
    known->second.state = BlockState::owned;
    known->second.release_asked = false;
  }
  advance(out);
}

void Worker::on_block_arrived(TaskId task, Bytes bytes, Actions& out) {
  fetching_.erase(task);
  const auto block = blocks_.find(task);
  if (block == blocks_.end()) {
    out.emplace_back(DropBlock{task});
  } else if (!is_here(block->second.state)) {
    if (block->second.state == BlockState::requested) fetching_bytes_ -= block->second.bytes;
    if (block->second.readers.empty() && (!block->second.is_copy || bytes > options_.replica_cache)) {
      blocks_.erase(block);
      out.emplace_back(DropBlock{task});
    } else {
      make_room(bytes, out);
      store(block->second, BlockState::replica, bytes);
      if (block->second.readers.empty()) keep_idle(task, block->second, out);
      else wake_readers(block->second);
    }
  } else if (block->second.place == BlockPlace::scratch || block->second.place == BlockPlace::loading) {
    out.emplace_back(EvictBlock{task});
  }
  advance(out);
}

void Worker::on_block_unavailable(TaskId task, WorkerId from, Actions& out) {
  const auto fetch = fetching_.find(task);
  if (fetch == fetching_.end() || fetch->second != from) return;
  fetching_.erase(fetch);
  const auto block = blocks_.find(task);
  if (block != blocks_.end() && block->second.state == BlockState::requested) {
    fetching_bytes_ -= block->second.bytes;
    block->second.state = BlockState::queued;
    const WorkerId holder = block->second.holder;
    if (holder != from && !lost_peers_.contains(holder)) queue_fetch(task);
    else give_back_readers(task, out);
  }
  advance(out);
}

void Worker::on_peer_lost(WorkerId peer, Actions& out) {
  lost_peers_.insert(peer);
  std::erase_if(requests_, [&](const auto& request) { return request.first == peer; });
  std::vector<TaskId> asked, queued;
  for (const auto& [task, from] : fetching_)
    if (from == peer) asked.push_back(task);
  for (const auto& [task, block] : blocks_)
    if (block.state == BlockState::queued && block.holder == peer) queued.push_back(task);
  std::sort(asked.begin(), asked.end());
  std::sort(queued.begin(), queued.end());
  for (const TaskId task : queued)
    if (blocks_.contains(task)) give_back_readers(task, out);
  for (const TaskId task : asked) on_block_unavailable(task, peer, out);
  advance(out);
}

void Worker::on_task_done(TaskId task, std::uint32_t attempt, Bytes bytes, std::uint32_t duration_us, Actions& out) {
  const auto known = tasks_.find(task);
  RANKINE_CHECK(known != tasks_.end() && known->second.state == TaskState::running && known->second.attempt == attempt,
                "a task is done that was not started");
  --running_;
  if (aborted_) {
    tasks_.erase(known);
    out.emplace_back(DropBlock{task});
    return;
  }
  make_room(bytes, out);
  LocalBlock& block = blocks_[task];
  end_idleness(block);
  const bool awaited = !is_here(block.state);
  if (block.state == BlockState::requested) fetching_bytes_ -= block.bytes;
  block.release_asked = false;
  if (!awaited) settle_in_memory(block, out);
  reserved_ -= std::exchange(known->second.room, Bytes{});
  store(block, BlockState::owned, bytes);
  if (awaited) wake_readers(block);
  out.emplace_back(ReportFinished{task, attempt, bytes, duration_us});
  forget_task(task, out);
  advance(out);
}

void Worker::on_task_error(TaskId task, std::uint32_t attempt, std::string message, bool permanent, Actions& out) {
  const auto known = tasks_.find(task);
  RANKINE_CHECK(known != tasks_.end() && known->second.state == TaskState::running && known->second.attempt == attempt,
                "a task has failed that was not started");
  --running_;
  if (aborted_) {
    tasks_.erase(known);
    return;
  }
  out.emplace_back(ReportFailed{task, attempt, permanent, std::move(message)});
  forget_task(task, out);
  advance(out);
}

void Worker::on_block_requested(WorkerId by, TaskId task, Actions& out) {
  if (!options_.spill.enabled || aborted_) return answer_request(by, task, out);
  requests_.emplace_back(by, task);
  advance(out);
}

void Worker::answer_request(WorkerId by, TaskId task, Actions& out) {
  const auto block = blocks_.find(task);
  if (block == blocks_.end() || !is_here(block->second.state)) {
    out.emplace_back(RefuseBlock{by, task});
    return;
  }
  // Counted from now on: what starts with the same event must know of the copy. The next on_sending() says what is left.
  if (options_.spill.enabled) sending_ += block->second.bytes;
  if (block->second.place <= BlockPlace::spilling) out.emplace_back(SendBlock{by, task});
  else out.emplace_back(SendSpilled{by, task, block->second.file});
}

void Worker::on_abort(Actions& out) {
  aborted_ = true;
  std::vector<TaskId> here;
  for (const auto& [task, block] : blocks_)
    if (is_here(block.state)) here.push_back(task);
  std::sort(here.begin(), here.end());
  for (const TaskId task : here) erase_block(blocks_.find(task), out);
  blocks_.clear();
  for (const auto& [by, task] : requests_) out.emplace_back(RefuseBlock{by, task});
  requests_.clear();
  loaded_.clear();
  front_.reset();
  reserved_ = Bytes{};
  needed_.reset();
  claimed_ = 0;
  ready_.clear();
  wanted_.clear();
  idle_.clear();
  idle_bytes_ = Bytes{};
  held_ = Bytes{};
  fetching_bytes_ = Bytes{};
  std::erase_if(tasks_, [](const auto& entry) { return entry.second.state != TaskState::running; });
  for (auto& [id, task] : tasks_) task.inputs.clear();
}

void Worker::on_threads_changed(std::uint32_t threads, Actions& out) {
  most_threads_ = std::max({most_threads_, options_.threads, threads});
  options_.threads = threads;
  advance(out);
}

bool Worker::has_block(TaskId task) const {
  const auto block = blocks_.find(task);
  return block != blocks_.end() && is_here(block->second.state);
}

void Worker::forget_task(TaskId task, Actions& out) {
  const auto known = tasks_.find(task);
  const std::vector<TaskId> inputs = std::move(known->second.inputs);
  const bool pinned = options_.spill.enabled && known->second.state >= TaskState::claimed;
  if (pinned) reserved_ -= known->second.room;
  if (known->second.state == TaskState::claimed) --claimed_;
  tasks_.erase(known);
  for (const TaskId input : inputs) {
    auto& readers = blocks_.at(input).readers;
    readers.erase(std::find(readers.begin(), readers.end(), task));
    if (pinned) --blocks_.at(input).pins;
    drop_if_unneeded(input, out);
  }
}

void Worker::drop_if_unneeded(TaskId task, Actions& out) {
  const auto known = blocks_.find(task);
  LocalBlock& block = known->second;
  if (!block.readers.empty()) return;
  switch (block.state) {
    case BlockState::queued: break;
    case BlockState::requested: return;  // it will arrive, and is dropped then
    case BlockState::owned:
      if (!block.release_asked) return;
      break;
    case BlockState::replica:
      if (options_.replica_cache.value != 0 && block.place == BlockPlace::memory) return keep_idle(task, block, out);
      break;
  }
  erase_block(known, out);
}

void Worker::erase_block(std::unordered_map<TaskId, LocalBlock>::iterator known, Actions& out) {
  LocalBlock& block = known->second;
  if (is_here(block.state)) {
    if (block.place != BlockPlace::scratch) held_ -= block.bytes;
    if (block.place <= BlockPlace::spilling) out.emplace_back(DropBlock{known->first});
    forget_file(block, out);
  }
  blocks_.erase(known);
}

void Worker::keep_idle(TaskId task, LocalBlock& block, Actions& out) {
  block.idle_since = ++last_idle_;
  idle_bytes_ += block.bytes;
  idle_.emplace_back(block.idle_since, task);
  while (idle_bytes_ > options_.replica_cache && drop_longest_idle(out)) {
  }
}

void Worker::end_idleness(LocalBlock& block) {
  if (block.idle_since == 0) return;
  block.idle_since = 0;
  idle_bytes_ -= block.bytes;
}

bool Worker::drop_longest_idle(Actions& out) {
  while (!idle_.empty()) {
    const auto [since, task] = idle_.front();
    idle_.pop_front();
    const auto known = blocks_.find(task);
    if (known == blocks_.end() || known->second.idle_since != since) continue;
    idle_bytes_ -= known->second.bytes;
    erase_block(known, out);
    return true;
  }
  return false;
}

/// Idle replicas go before `bytes` more would pass the limit.
void Worker::make_room(Bytes bytes, Actions& out) {
  if (options_.memory_limit.value == 0) return;
  while (held_ + fetching_bytes_ + bytes > options_.memory_limit && drop_longest_idle(out)) {
  }
}

void Worker::drop_idle_replicas(Actions& out) {
  while (drop_longest_idle(out)) {
  }
}

void Worker::store(LocalBlock& block, BlockState state, Bytes bytes) {
  if (is_here(block.state)) held_ -= block.bytes;
  block.state = state;
  block.bytes = bytes;
  block.made = ++last_made_;
  held_ += bytes;
  peak_held_ = std::max(peak_held_, held_);
  note_known();
}

void Worker::wake_readers(const LocalBlock& block) {
  for (const TaskId reader : block.readers) {
    LocalTask& task = tasks_.at(reader);
    if (--task.missing != 0) continue;
    task.state = TaskState::ready;
    ready_.emplace_back(task.priority, reader);
    std::push_heap(ready_.begin(), ready_.end(), std::greater<>());
  }
}

/// The block cannot be had: rank 0 decides anew about every task that waits for it.
void Worker::give_back_readers(TaskId task, Actions& out) {
  const std::vector<TaskId> readers = blocks_.at(task).readers;
  if (readers.empty()) return drop_if_unneeded(task, out);
  for (const TaskId reader : readers) {
    const std::uint32_t attempt = tasks_.at(reader).attempt;
    forget_task(reader, out);
    out.emplace_back(ReportInputMissing{reader, attempt, task});
  }
}

/// As urgent as its most urgent reader.
void Worker::queue_fetch(TaskId task) {
  std::uint64_t priority = UINT64_MAX;
  for (const TaskId reader : blocks_.at(task).readers) priority = std::min(priority, tasks_.at(reader).priority);
  wanted_.emplace_back(priority, task);
  std::push_heap(wanted_.begin(), wanted_.end(), std::greater<>());
}

/// Copies are for room that nobody else wants.
void Worker::forget_copies_without_room() {
  while (!wanted_.empty() && wanted_.front().first == UINT64_MAX) {
    const auto known = blocks_.find(wanted_.front().second);
    const bool is_copy = known != blocks_.end() && known->second.state == BlockState::queued && known->second.readers.empty();
    if (!is_copy) return;
    if (options_.memory_limit.value == 0 || (known_bytes() + known->second.bytes).value <= options_.memory_limit.value / 2) return;
    blocks_.erase(known);
    std::pop_heap(wanted_.begin(), wanted_.end(), std::greater<>());
    wanted_.pop_back();
  }
}

/// Ends every event.
void Worker::advance(Actions& out) {
  if (aborted_) return;
  forget_copies_without_room();
  if (options_.spill.enabled) return advance_spilling(out);
  start_ready(out);
  begin_fetches(out);
}

void Worker::start_ready(Actions& out) {
  while (running_ < options_.threads && !ready_.empty()) {
    const TaskId id = ready_.front().second;
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
    ready_.pop_back();
    const auto task = tasks_.find(id);  // recalled or given back since
    if (task == tasks_.end() || task->second.state != TaskState::ready) continue;
    task->second.state = TaskState::running;
    ++running_;
    out.emplace_back(StartTask{id, task->second.attempt});
  }
}

/// Over the memory limit a fetch waits for what runs to free something; with nothing running and nothing
/// on its way, waiting would be for ever, so then one goes ahead.
void Worker::begin_fetches(Actions& out) {
  while (fetching_.size() < options_.max_parallel_fetches && !wanted_.empty()) {
    const TaskId id = wanted_.front().second;
    const auto known = blocks_.find(id);
    const bool is_stale = known == blocks_.end() || known->second.state != BlockState::queued;
    if (!is_stale) make_room(known->second.bytes, out);
    if (!is_stale && options_.memory_limit.value != 0 && (running_ != 0 || !fetching_.empty()) &&
        held_ + fetching_bytes_ + known->second.bytes > options_.memory_limit)
      return;
    take_first_wanted(is_stale ? nullptr : &known->second, out);
  }
}

/// `block`: what is asked for, null where nobody wants it any more.
void Worker::take_first_wanted(LocalBlock* block, Actions& out) {
  const TaskId id = wanted_.front().second;
  std::pop_heap(wanted_.begin(), wanted_.end(), std::greater<>());
  wanted_.pop_back();
  if (block == nullptr) return;
  block->state = BlockState::requested;
  fetching_bytes_ += block->bytes;
  note_known();
  // A fetch of it may still be on its way although its first readers are gone: that one is awaited.
  if (fetching_.emplace(id, block->holder).second) out.emplace_back(FetchBlock{id, block->holder});
}

void Worker::sanity_check() const {
  std::uint32_t running = 0;
  for (const auto& [id, task] : tasks_) {
    running += task.state == TaskState::running;
    if (aborted_) continue;
    std::uint32_t missing = 0;
    for (const TaskId input : task.inputs) {
      const LocalBlock& block = blocks_.at(input);
      missing += !is_here(block.state);
      RANKINE_CHECK(std::count(block.readers.begin(), block.readers.end(), id) == 1, "a block does not know a reader");
    }
    RANKINE_CHECK(missing == task.missing, "missing inputs are miscounted");
    RANKINE_CHECK((missing == 0) == (task.state != TaskState::fetching), "a task's state disagrees with its inputs");
  }
  Bytes held, fetching, idle;
  for (const auto& [id, block] : blocks_) {
    if (is_here(block.state) && block.place != BlockPlace::scratch) held += block.bytes;
    if (block.state == BlockState::requested) {
      fetching += block.bytes;
      RANKINE_CHECK(fetching_.contains(id), "a requested block is not being fetched");
    }
    RANKINE_CHECK(block.state != BlockState::replica || block.readers.empty() == (block.idle_since != 0),
                  "a replica without a reader is idle, others are not");
    if (block.idle_since != 0) idle += block.bytes;
    for (const TaskId reader : block.readers) RANKINE_CHECK(tasks_.contains(reader), "a reader is unknown");
  }
  RANKINE_CHECK(running == running_ && running_ <= std::max(options_.threads, most_threads_), "running tasks are miscounted");
  RANKINE_CHECK(idle == idle_bytes_ && idle <= options_.replica_cache, "bytes of idle replicas are miscounted");
  RANKINE_CHECK(held == held_, "held bytes are miscounted");
  RANKINE_CHECK(fetching == fetching_bytes_, "bytes on their way are miscounted");
  RANKINE_CHECK(fetching_.size() <= options_.max_parallel_fetches, "too many fetches at once");
  check_spilling();
}

}  // namespace rankine::worker
