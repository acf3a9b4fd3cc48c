// Memory that runs short: what is needed least soon goes to scratch, tasks wait for room, and what they read comes back.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/check.hpp"
#include "worker/worker.hpp"

namespace rankine::worker {

/// Others' requests first, because they wait for nothing else; then tasks, because what they read must stay; then fetches; then room is made for what has to wait. What leaves at
/// once (it lies in scratch already) makes room at once, so it begins anew.
void Worker::advance_spilling(Actions& out) {
  do {
    needed_.reset();
    front_.reset();
    answer_requests_within_room(out);
    claim_ready(out);
    begin_fetches_within_room(out);
  } while (spill_excess(out) && needed_);
  answer_requests_that_wait_for_nothing(out);
}

/// Whether so many bytes more may be used now. With nothing under way waiting would be for ever, so then the limit
/// itself is the bound, and what is measured beyond what the program takes anyway does not count: it may never shrink.
/// `passing` is needed for a moment only.
Worker::Room Worker::room_for(Bytes added, Bytes passing) const {
  if (options_.memory_limit.value == 0 || used_bytes() + added + passing <= options_.spill.stop) return Room::there;
  if (is_under_way() || anything_can_leave()) return Room::wait;
  return known_bytes() + added <= last_bound() ? Room::there : Room::none;
}

/// What is sent is copied, and waits until there is room for that.
void Worker::answer_requests_within_room(Actions& out) {
  while (!requests_.empty()) {
    const auto [by, task] = requests_.front();
    const auto known = blocks_.find(task);
    const Bytes copied = known != blocks_.end() && is_here(known->second.state) ? known->second.bytes : Bytes{};
    if (options_.memory_limit.value != 0 && used_bytes() + copied > options_.spill.stop) {
      needed_ = copied;
      return;
    }
    requests_.pop_front();
    answer_request(by, task, out);
  }
}

/// Only what ends by itself, here or with the copies that are on their way, is worth waiting for. A block of another rank is no
/// such thing, for that rank may wait for this one.
void Worker::answer_requests_that_wait_for_nothing(Actions& out) {
  const bool spills = spilling_ > (probe_ != 0 ? 1u : 0u);
  if (running_ > blocked_ || claimed_ != 0 || loading_ != 0 || sending_.value != 0 || spills) return;
  for (; !requests_.empty(); requests_.pop_front()) answer_request(requests_.front().first, requests_.front().second, out);
}

void Worker::on_blocked(std::uint32_t count, Actions& out) {
  blocked_ = count;
  advance(out);
}

void Worker::on_sending(Bytes bytes, Actions& out) {
  const bool is_less = bytes < sending_;
  sending_ = bytes;
  if (is_less && !requests_.empty()) advance(out);
}

/// Ready tasks in the order of their priority, each with the room that it takes. The first that has to wait makes all
/// others wait: smaller ones must not starve it.
void Worker::claim_ready(Actions& out) {
  while (claimed_ + running_ < options_.threads + options_.spill.claims_ahead && !ready_.empty()) {
    const TaskId id = ready_.front().second;
    const auto task = tasks_.find(id);
    const bool is_stale = task == tasks_.end() || task->second.state != TaskState::ready;
    if (!is_stale) {
      Bytes added = task->second.room;
      for (const TaskId input : task->second.inputs)
        if (const LocalBlock& block = blocks_.at(input); block.place == BlockPlace::scratch) added += block.bytes;
      front_ = id;
      Room room = room_for(added);
      if (room == Room::none && discard_for(added, out)) room = Room::there;
      if (room == Room::wait) {
        front_priority_ = task->second.priority;
        // For one that is brought in ahead nothing has to leave: what runs may make room.
        if (claimed_ + running_ < options_.threads) needed_ = std::max(needed_.value_or(Bytes{}), added);
        break;
      }
      if (room == Room::none) {
        out.emplace_back(ReportNoRoom{id, task->second.attempt, known_bytes() + added});
        forget_task(id, out);
      }
    }
    std::pop_heap(ready_.begin(), ready_.end(), std::greater<>());
    ready_.pop_back();
    if (!is_stale && tasks_.contains(id)) claim(id, out);
    front_.reset();
  }
  start_loaded(out);
}

void Worker::claim(TaskId id, Actions& out) {
  LocalTask& task = tasks_.at(id);
  task.state = TaskState::claimed;
  task.loads = 0;
  ++claimed_;
  reserved_ += task.room;
  for (const TaskId input : task.inputs) {
    LocalBlock& block = blocks_.at(input);
    ++block.pins;
    if (block.place == BlockPlace::scratch) {
      block.place = BlockPlace::loading;
      held_ += block.bytes;
      peak_held_ = std::max(peak_held_, held_);
      ++loading_;
      out.emplace_back(LoadBlock{input, block.file});
    }
    if (block.place == BlockPlace::loading) ++task.loads;
  }
  note_known();
  if (task.loads != 0) return;
  loaded_.emplace_back(task.priority, id);
  std::push_heap(loaded_.begin(), loaded_.end(), std::greater<>());
}

void Worker::start_loaded(Actions& out) {
  while (running_ < options_.threads && !loaded_.empty()) {
    const TaskId id = loaded_.front().second;
    std::pop_heap(loaded_.begin(), loaded_.end(), std::greater<>());
    loaded_.pop_back();
    const auto task = tasks_.find(id);  // recalled or given back since, or claimed again and not loaded yet
    if (task == tasks_.end() || task->second.state != TaskState::claimed || task->second.loads != 0) continue;
    task->second.state = TaskState::running;
    place_ = static_cast<std::uint32_t>(task->second.priority);
    --claimed_;
    ++running_;
    out.emplace_back(StartTask{id, task->second.attempt});
  }
}

/// As begin_fetches; but what waits for a task that could run gives way to it, and what has to wait makes others leave.
void Worker::begin_fetches_within_room(Actions& out) {
  while (fetching_.size() < options_.max_parallel_fetches && !wanted_.empty()) {
    const auto [priority, id] = wanted_.front();
    const auto known = blocks_.find(id);
    const bool is_stale = known == blocks_.end() || known->second.state != BlockState::queued;
    if (!is_stale) {
      if (front_ && priority > front_priority_) return;
      const Bytes bytes = known->second.bytes;
      Room room = room_for(bytes, bytes);  // it arrives as a message, which is copied
      if (room == Room::none) discard_for(bytes, out);
      if (room == Room::wait) {
        needed_ = std::max(needed_.value_or(Bytes{}), bytes + bytes);
        return;
      }
    }
    take_first_wanted(is_stale ? nullptr : &known->second, out);
  }
}

bool Worker::may_leave(const LocalBlock& block) const {
  if (!is_here(block.state) || block.place != BlockPlace::memory || block.pins != 0) return false;
  if (block.bytes.value == 0 || block.bytes < options_.spill.smallest) return false;
  return !front_ || std::find(block.readers.begin(), block.readers.end(), *front_) == block.readers.end();
}

bool Worker::anything_can_leave() const {
  if (idle_bytes_.value != 0) return true;
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& entry) { return can_leave(entry.second); });
}

/// Bytes that have to leave beyond those that are leaving.
std::uint64_t Worker::excess() const {
  const std::uint64_t staying = known_bytes().value - spilling_bytes_.value + (probe_ != 0 ? probe_bytes_.value : 0);
  const auto beyond = [](std::uint64_t bytes, Bytes bound) { return bytes > bound.value ? bytes - bound.value : 0; };
  const std::uint64_t rest = other_.value + sending_.value;
  std::uint64_t most = std::max(beyond(staying, options_.spill.target), beyond(staying + rest, options_.spill.spill));
  if (needed_) most = std::max(most, beyond(staying + rest + needed_->value, options_.spill.stop));
  return most;
}

/// Larger: needed later. What a task here waits for is needed first, then what tasks will read that come later in
/// the static order. A block without further readers is about to be released.
std::uint64_t Worker::need_key(TaskId task, LocalBlock& block) {
  constexpr std::uint64_t nobody_here = std::uint64_t{1} << 60;
  if (!block.readers.empty()) {
    std::uint64_t first = UINT64_MAX;
    for (const TaskId reader : block.readers) first = std::min(first, tasks_.at(reader).priority);
    return std::min(first, nobody_here - 1);
  }
  if (!next_use_) return nobody_here + block.made;
  if (block.next_use <= place_) block.next_use = next_use_(task, place_).value_or(place_);
  return nobody_here + block.next_use;
}

/// True if memory was given back at once.
bool Worker::spill_excess(Actions& out) {
  if (options_.memory_limit.value == 0 || excess() == 0) return false;
  bool gave_back = false;
  while (excess() != 0 && drop_longest_idle(out)) gave_back = true;
  if (excess() == 0) return gave_back;
  std::vector<std::pair<std::uint64_t, TaskId>> candidates;
  for (auto& [task, block] : blocks_)
    if (may_leave(block)) candidates.emplace_back(need_key(task, block), task);
  const auto write = [&](TaskId task, LocalBlock& block) {
    block.place = BlockPlace::spilling;
    block.file = ++last_file_;
    ++spilling_;
    spilling_bytes_ += block.bytes;
    out.emplace_back(SpillBlock{task, block.file});
  };
  std::optional<TaskId> first_unwritten;
  std::make_heap(candidates.begin(), candidates.end());
  while (excess() != 0 && !candidates.empty()) {
    const TaskId task = candidates.front().second;
    std::pop_heap(candidates.begin(), candidates.end());
    candidates.pop_back();
    LocalBlock& block = blocks_.at(task);
    if (block.copied) {
      block.place = BlockPlace::scratch;
      held_ -= block.bytes;
      out.emplace_back(EvictBlock{task});
      gave_back = true;
    } else if (scratch_full_) {
      if (!first_unwritten) first_unwritten = task;
    } else if (spilling_ < options_.spill.max_writes) {
      write(task, block);
    }
  }
  // What lies in scratch already goes first: whether there is room for more has to be seen.
  if (excess() != 0 && first_unwritten && std::exchange(may_probe_, false)) {
    write(*first_unwritten, blocks_.at(*first_unwritten));
    probe_ = last_file_;
    probe_bytes_ = blocks_.at(*first_unwritten).bytes;
  }
  return gave_back;
}

/// Gives up owned blocks that no task here reads, those needed last first, until so many bytes more fit into the limit.
/// False, and nothing is given up, if that cannot be had.
bool Worker::discard_for(Bytes added, Actions& out) {
  std::vector<std::pair<std::uint64_t, TaskId>> candidates;
  Bytes sum;
  for (auto& [task, block] : blocks_) {
    const bool may_go = block.state == BlockState::owned && block.place == BlockPlace::memory && block.pins == 0 &&
                        block.readers.empty() && !block.copied && block.bytes.value != 0;
    const auto before = discards_.find(task);
    if (!may_go || (before != discards_.end() && before->second >= options_.spill.max_discards_per_block)) continue;
    candidates.emplace_back(need_key(task, block), task);
    sum += block.bytes;
  }
  if (known_bytes() + added > last_bound() + sum) return false;
  std::make_heap(candidates.begin(), candidates.end());
  while (known_bytes() + added > last_bound()) {
    const TaskId task = candidates.front().second;
    std::pop_heap(candidates.begin(), candidates.end());
    candidates.pop_back();
    ++discards_[task];
    erase_block(blocks_.find(task), out);
    out.emplace_back(ReportLost{task, true});
  }
  return true;
}

void Worker::forget_file(LocalBlock& block, Actions& out) {
  if (block.place == BlockPlace::spilling) {
    --spilling_;
    spilling_bytes_ -= block.bytes;
  }
  if (block.place == BlockPlace::loading) --loading_;
  if (block.file == 0) return;
  if (block.file == probe_) probe_ = 0;
  if (block.copied) {
    spilled_ -= block.bytes;
    scratch_full_ = false;
    probe_ = 0;
  }
  out.emplace_back(ForgetSpilled{block.file});
  block.file = 0;
  block.copied = false;
}

/// A block that is here already is computed once more: what comes from the task counts.
void Worker::settle_in_memory(LocalBlock& block, Actions& out) {
  const BlockPlace before = block.place;
  if (before == BlockPlace::scratch) held_ += block.bytes;
  forget_file(block, out);
  block.place = BlockPlace::memory;
  if (before == BlockPlace::loading) count_loaded(block);
}

void Worker::count_loaded(const LocalBlock& block) {
  for (const TaskId reader : block.readers) {
    LocalTask& task = tasks_.at(reader);
    if (task.state != TaskState::claimed || task.loads == 0 || --task.loads != 0) continue;
    loaded_.emplace_back(task.priority, reader);
    std::push_heap(loaded_.begin(), loaded_.end(), std::greater<>());
  }
}

void Worker::on_spilled(TaskId task, std::uint64_t file, Actions& out) {
  const auto known = blocks_.find(task);
  if (known != blocks_.end() && known->second.file == file && known->second.place == BlockPlace::spilling) {
    LocalBlock& block = known->second;
    --spilling_;
    spilling_bytes_ -= block.bytes;
    spilled_ += block.bytes;
    block.copied = true;
    if (probe_ == file) {
      probe_ = 0;
      scratch_full_ = false;
    }
    if (block.pins != 0) {
      block.place = BlockPlace::memory;
    } else {
      block.place = BlockPlace::scratch;
      held_ -= block.bytes;
      out.emplace_back(EvictBlock{task});
    }
  }
  advance(out);
}

void Worker::on_spill_failed(TaskId task, std::uint64_t file, Actions& out) {
  const auto known = blocks_.find(task);
  if (known != blocks_.end() && known->second.file == file && known->second.place == BlockPlace::spilling) {
    LocalBlock& block = known->second;
    --spilling_;
    spilling_bytes_ -= block.bytes;
    block.place = BlockPlace::memory;
    block.file = 0;
    if (probe_ == file) probe_ = 0;
    scratch_full_ = true;
    may_probe_ = false;
  }
  advance(out);
}

void Worker::on_scratch_room(Actions& out) {
  if (!scratch_full_ || probe_ != 0) return;
  may_probe_ = true;
  advance(out);
}

bool Worker::awaits(TaskId task, std::uint64_t file) const {
  const auto known = blocks_.find(task);
  return known != blocks_.end() && known->second.file == file && known->second.place == BlockPlace::loading;
}

void Worker::on_loaded(TaskId task, std::uint64_t file, Actions& out) {
  if (awaits(task, file)) {
    LocalBlock& block = blocks_.at(task);
    --loading_;
    block.place = BlockPlace::memory;
    count_loaded(block);
  }
  advance(out);
}

void Worker::on_load_failed(TaskId task, std::uint64_t file, Actions& out) {
  if (awaits(task, file)) lose_block(task, out);
  advance(out);
}

void Worker::on_send_failed(TaskId task, std::uint64_t file, WorkerId to, Actions& out) {
  const auto known = blocks_.find(task);
  if (known != blocks_.end() && known->second.file == file && known->second.copied) {
    if (known->second.place == BlockPlace::scratch) lose_block(task, out);
    else if (known->second.place == BlockPlace::memory) forget_file(known->second, out);
  }
  // What is back in memory goes from there; what is being read back is asked for once more.
  const auto left = blocks_.find(task);
  const bool in_memory = left != blocks_.end() && is_here(left->second.state) && left->second.place <= BlockPlace::spilling;
  if (in_memory) out.emplace_back(SendBlock{to, task});
  else out.emplace_back(RefuseBlock{to, task});
  advance(out);
}

/// The block is in no memory, and its file is of no use: rank 0 has it computed again and decides anew about its readers.
void Worker::lose_block(TaskId task, Actions& out) {
  LocalBlock& block = blocks_.at(task);
  if (block.place == BlockPlace::loading) held_ -= block.bytes;
  forget_file(block, out);
  if (block.state == BlockState::owned) out.emplace_back(ReportLost{task, false});
  block.state = BlockState::queued;
  block.place = BlockPlace::memory;
  const std::vector<TaskId> readers = block.readers;
  for (const TaskId reader : readers) {
    const std::uint32_t attempt = tasks_.at(reader).attempt;
    forget_task(reader, out);
    out.emplace_back(ReportInputMissing{reader, attempt, task});
  }
  blocks_.erase(task);
}

void Worker::on_memory_measured(Bytes resident, Actions& out) {
  if (!options_.spill.enabled || aborted_) return;
  const Bytes counted = held_ + reserved_ + sending_;
  const Bytes beyond = resident > counted ? resident - counted : Bytes{};
  // What running tasks were promised and have not touched yet hides as much of the rest: it is forgotten slowly.
  other_ = std::max({beyond, Bytes{other_.value / 32 * 31}, options_.spill.program});
  advance(out);
}

void Worker::check_spilling() const {
  Bytes reserved, spilled, leaving;
  std::uint32_t claimed = 0, loading = 0, spilling = 0;
  if (aborted_ || !options_.spill.enabled) return;
  for (const auto& [id, task] : tasks_) {
    if (task.state < TaskState::claimed) continue;
    claimed += task.state == TaskState::claimed;
    reserved += task.room;
    std::uint32_t loads = 0;
    for (const TaskId input : task.inputs) {
      loads += blocks_.at(input).place == BlockPlace::loading;
      RANKINE_CHECK(blocks_.at(input).place != BlockPlace::scratch, "what a claimed task reads has been let go");
    }
    RANKINE_CHECK(loads == task.loads, "inputs that come back from scratch are miscounted");
    RANKINE_CHECK(task.state != TaskState::running || loads == 0, "a task runs before its inputs are back");
  }
  for (const auto& [id, block] : blocks_) {
    spilling += block.place == BlockPlace::spilling;
    loading += block.place == BlockPlace::loading;
    if (block.place == BlockPlace::spilling) leaving += block.bytes;
    if (block.copied) spilled += block.bytes;
    const auto pins = std::count_if(block.readers.begin(), block.readers.end(),
                                    [&](TaskId reader) { return tasks_.at(reader).state >= TaskState::claimed; });
    RANKINE_CHECK(pins == block.pins, "readers that are claimed or run are miscounted");
    RANKINE_CHECK(block.place == BlockPlace::memory || is_here(block.state), "a block that is not here is in scratch");
    RANKINE_CHECK(block.place < BlockPlace::scratch || block.copied, "a block in scratch has no file");
    RANKINE_CHECK(!block.copied || block.file != 0, "a file has no number");
  }
  RANKINE_CHECK(claimed == claimed_ && loading == loading_ && spilling == spilling_, "blocks on their way to or from scratch are miscounted");
  RANKINE_CHECK(reserved == reserved_, "rooms of tasks are miscounted");
  RANKINE_CHECK(spilled == spilled_ && leaving == spilling_bytes_, "bytes in scratch are miscounted");
  RANKINE_CHECK(is_under_way() || ready_.empty() || !loaded_.empty() ||
                    std::none_of(tasks_.begin(), tasks_.end(), [](const auto& e) { return e.second.state == TaskState::ready; }),
                "a ready task waits for nothing");
}

}  // namespace rankine::worker
