// What RankWorker does where memory runs short.
#include <algorithm>
#include <atomic>

#include "base/check.hpp"
#include "exec/clock.hpp"
#include "exec/resources.hpp"
#include "runtime/memory_need.hpp"
#include "runtime/rank_worker.hpp"
#include "sched/static_order.hpp"

namespace rankine::runtime {
namespace {

constexpr std::int64_t ms = 1'000'000;
/// Between measurements of the resident set: microseconds each, and a disk writes a few MiB in that time.
constexpr std::int64_t measure_every_ns = 20 * ms;
constexpr std::int64_t trim_every_ns = 100 * ms;
/// A full disk is tried again: other jobs and ranks use it too.
constexpr std::int64_t try_again_ns = 1000 * ms;
/// Smaller blocks are no relief.
constexpr Bytes smallest_spilled{4096};

Bytes part_of(Bytes limit, double fraction) {
  return {static_cast<std::uint64_t>(fraction * static_cast<double>(limit.value))};
}

}  // namespace

/// The places of a plan's tasks in the static order, which rank 0 goes by. Computed on a thread of the spiller.
struct RankWorker::SpillOrder {
  std::vector<std::uint32_t> rank;
  std::atomic<bool> ready = false;  ///< set by the thread that computed it
};

worker::SpillOptions RankWorker::spill_bounds(Bytes held) const {
  worker::SpillOptions bounds;
  bounds.enabled = true;
  bounds.spill = part_of(options_.memory_limit, options_.spill.spill);
  bounds.stop = part_of(options_.memory_limit, options_.spill.stop);
  bounds.smallest = smallest_spilled;
  const Bytes budget = memory_budget(options_.memory_limit, options_.program_bytes);
  bounds.program = options_.memory_limit - budget + std::min(held, Bytes{budget.value / 8 * 7});
  // What the program takes is no block's: known bytes alone never come near the bound of the resident set then.
  bounds.target = std::min(part_of(options_.memory_limit, options_.spill.target), bounds.spill - std::min(bounds.spill, bounds.program));
  return bounds;
}

/// Where all that a plan makes may not fit, what will be needed last is to be known in time.
void RankWorker::prepare_spilling() {
  files_.clear();
  order_.reset();
  try_scratch_again_.reset();
  std::uint64_t made = 0;
  for (const auto& layer : plan_->lowered.layers())
    if (layer.task_count != 0) made += plan_->lowered.output_bytes({layer.first_task}).value * layer.task_count;
  if (made <= spill_bounds(held_beside_).target.value) return;
  order_ = std::make_shared<SpillOrder>();
  spiller_->run_aside([order = order_, plan = plan_] {
    order->rank = sched::compute_static_order(plan->lowered).rank;
    order->ready = true;
  });
}

void RankWorker::take_spilled() {
  for (Spiller::Done& done : spiller_->take()) {
    if (!machine_) continue;
    const auto tell = [&](const std::string& what) {
      send(scheduler_rank, wire::Note{2, "rank " + std::to_string(transport_.rank()) + ": " + what + ": " + done.error});
    };
    const std::string block = done.kind == Spiller::Done::Kind::aside ? "" : plan_->lowered.describe(done.task);
    switch (done.kind) {
      case Spiller::Done::Kind::written:
        if (done.error.empty()) {
          files_[done.task] = done.file;
          machine_->on_spilled(done.task, done.file, actions_);
          break;
        }
        if (!try_scratch_again_) tell("cannot spill the result of " + block);
        try_scratch_again_ = Instant{exec::now().ns + try_again_ns};
        machine_->on_spill_failed(done.task, done.file, actions_);
        break;
      case Spiller::Done::Kind::read:
        if (!machine_->awaits(done.task, done.file)) break;
        if (done.error.empty()) {
          blocks_[done.task] = std::move(done.block);
          machine_->on_loaded(done.task, done.file, actions_);
        } else {
          tell("the result of " + block + " is computed again");
          machine_->on_load_failed(done.task, done.file, actions_);
        }
        break;
      case Spiller::Done::Kind::frame:
        if (done.error.empty()) {
          sent_ += Bytes{done.frame.size()};
          transport_.send(static_cast<int>(done.to.value), std::move(done.frame));
        } else {
          machine_->on_send_failed(done.task, done.file, done.to, actions_);
        }
        break;
      case Spiller::Done::Kind::answer: break;  // of calls alone
      case Spiller::Done::Kind::aside:
        if (!order_ || !order_->ready) break;
        machine_->set_next_use([order = order_, plan = plan_](TaskId task, std::uint32_t place) -> std::optional<std::uint32_t> {
          thread_local std::vector<TaskId> buffer;
          std::optional<std::uint32_t> first;
          for (const TaskId reader : plan->lowered.dependents_of(task, buffer))
            if (const std::uint32_t at = order->rank[reader.value]; at > place && (!first || at < *first)) first = at;
          if (!first && plan->lowered.is_wanted(task)) return UINT32_MAX;  // at the end
          return first;
        });
        order_.reset();
        break;
    }
    apply(actions_);
  }
}

/// What the resident set holds besides the blocks (libraries, buffers, what the allocator keeps) is found out by measuring.
void RankWorker::watch_memory() {
  if (!machine_ || aborting_) return;
  const Instant now = exec::now();
  if (try_scratch_again_ && now >= *try_scratch_again_) {
    try_scratch_again_ = Instant{now.ns + try_again_ns};
    if (machine_->is_scratch_full()) machine_->on_scratch_room(actions_);
    else try_scratch_again_.reset();
    apply(actions_);
  }
  if (now < next_measure_) return;
  next_measure_ = Instant{now.ns + measure_every_ns};
  resident_ = exec::current_rss();
  const Bytes known = machine_->known_bytes();
  const bool is_much = resident_ > part_of(options_.memory_limit, options_.spill.spill);
  if (is_much && resident_ > known + options_.program_bytes + held_beside_ + part_of(options_.memory_limit, 1.0 / 32) && now >= next_trim_) {
    next_trim_ = Instant{now.ns + trim_every_ns};
    spiller_->run_aside([] { exec::give_back_freed_memory(); });
  }
  machine_->on_memory_measured(resident_, actions_);
  apply(actions_);
}

/// Frames are copies of blocks until they are gone, those that are being read from scratch too.
void RankWorker::count_sending() {
  if (machine_ && !aborting_) machine_->on_sending(transport_.outgoing_bytes() + spiller_->frames_under_way(), actions_);
}

void RankWorker::send_finished() {
  if (finished_.tasks.empty()) return;
  send(scheduler_rank, finished_);
  finished_.tasks.clear();
}

/// That it was made must be known before that it is gone.
void RankWorker::report_lost(const worker::ReportLost& lost) {
  send_finished();
  send(scheduler_rank, wire::BlocksLost{lost.discarded, {lost.task}});
}

void RankWorker::report_no_room(const worker::ReportNoRoom& refused) {
  send_finished();
  const std::string& last = spiller_->last_error();
  const std::string beside = options_.program_bytes.value == 0 ? "" : " beside " + format_bytes(options_.program_bytes) + " of the program itself";
  std::string text = "memory runs short on rank " + std::to_string(transport_.rank()) + ": " + format_bytes(refused.needed) +
                     " would be needed at once" + beside + ", the limit is " + format_bytes(options_.memory_limit) + "; " +
                     format_bytes(machine_->held_bytes()) + " of results are in memory and " + format_bytes(spiller_->in_scratch()) +
                     " in " + options_.spill.scratch + ", where there is no room for more (" +
                     (last.empty() ? "limit " + format_bytes(options_.spill.limit) : last) +
                     "); give each rank more memory (--memory-limit), more scratch (--spill-dir, --spill-limit), take more ranks, or "
                     "use smaller chunks (chunks={...})";
  wire::TaskFailed failed{refused.task, refused.attempt, true, static_cast<std::uint32_t>(ExitCode::resources), std::move(text)};
  send(scheduler_rank, failed);
}

}  // namespace rankine::runtime
