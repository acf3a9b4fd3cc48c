// What CallWorker does where memory runs short: as RankWorker does for blocks of plans.
#include <algorithm>

#include "exec/clock.hpp"
#include "exec/resources.hpp"
#include "runtime/call_worker.hpp"

namespace rankine::runtime {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t measure_every_ns = 20 * ms;
constexpr std::int64_t trim_every_ns = 100 * ms;
/// A full disk is tried again: other jobs and ranks use it too.
constexpr std::int64_t try_again_ns = 1000 * ms;

}  // namespace

/// What a call of this function will give is not known: as much as others gave, but never so much that it could not start
/// for that alone.
Bytes CallWorker::room_of(std::uint32_t function) const {
  const auto usual = usual_bytes_.find(function);
  if (usual == usual_bytes_.end()) return {};
  return {std::min(static_cast<std::uint64_t>(usual->second), options_.memory_limit.value / (8 * std::max(1u, options_.threads)))};
}

void CallWorker::note_result(std::uint32_t function, std::size_t bytes) {
  const auto [usual, is_first] = usual_bytes_.try_emplace(function, static_cast<double>(bytes));
  if (!is_first) usual->second += 0.25 * (static_cast<double>(bytes) - usual->second);
}

void CallWorker::take_spilled() {
  for (Spiller::Done& done : spiller_->take()) {
    const auto tell = [&](const std::string& what) {
      send(scheduler_rank, wire::Note{2, "rank " + std::to_string(transport_.rank()) + ": " + what + ": " + done.error});
    };
    const bool is_good = done.error.empty();
    switch (done.kind) {
      case Spiller::Done::Kind::written:
        if (is_good) {
          files_[done.task] = done.file;
          filed_[done.file] = done.task;
          machine_.on_spilled(done.task, done.file, actions_);
          break;
        }
        if (!try_scratch_again_) tell("cannot spill the result of a task");
        try_scratch_again_ = Instant{exec::now().ns + try_again_ns};
        machine_.on_spill_failed(done.task, done.file, actions_);
        break;
      case Spiller::Done::Kind::read:
        if (!machine_.awaits(done.task, done.file)) break;
        if (is_good) {
          blocks_[done.task] = std::move(done.bytes);
          machine_.on_loaded(done.task, done.file, actions_);
        } else {
          tell("the result of a task is computed again");
          machine_.on_load_failed(done.task, done.file, actions_);
        }
        break;
      case Spiller::Done::Kind::frame:
        if (is_good) {
          sent_ += Bytes{done.frame.size()};
          transport_.send(static_cast<int>(done.to.value), std::move(done.frame));
        } else {
          machine_.on_send_failed(done.task, done.file, done.to, actions_);
        }
        break;
      case Spiller::Done::Kind::answer: {
        if (is_good) {
          wire::ResultBatch batch{done.for_call, {{done.task, 1, done.bytes->size()}}, *done.bytes};
          sent_ += Bytes{done.bytes->size()};
          send(static_cast<int>(done.to.value), batch);
          break;
        }
        // First that it is lost, then that it was not found: whoever asked waits until it has been computed again.
        machine_.on_send_failed(done.task, done.file, done.to, actions_);
        apply();
        answer(static_cast<int>(done.to.value), wire::ResultRequest{done.for_call, {done.task}});
        break;
      }
      case Spiller::Done::Kind::aside: break;
    }
    apply();
  }
}

/// What the resident set holds besides the results (libraries, values of scripts, what the allocator keeps, blocks of plans)
/// is found out by measuring.
void CallWorker::watch_memory() {
  const Instant now = exec::now();
  if (try_scratch_again_ && now >= *try_scratch_again_) {
    try_scratch_again_ = Instant{now.ns + try_again_ns};
    if (machine_.is_scratch_full()) machine_.on_scratch_room(actions_);
    else try_scratch_again_.reset();
  }
  if (now < next_measure_) return;
  next_measure_ = Instant{now.ns + measure_every_ns};
  const Bytes resident = exec::current_rss();
  const Bytes known = machine_.known_bytes();
  if (resident > options_.spill_bounds.spill && now >= next_trim_ &&
      resident > known + options_.program_bytes + Bytes{options_.memory_limit.value / 32}) {
    next_trim_ = Instant{now.ns + trim_every_ns};
    spiller_->run_aside([] { exec::give_back_freed_memory(); });
  }
  machine_.on_memory_measured(resident, actions_);
}

/// Frames are copies of results until they are gone, those that are being read from scratch too.
void CallWorker::count_sending() { machine_.on_sending(transport_.outgoing_bytes() + spiller_->frames_under_way(), actions_); }

void CallWorker::forget_spilled(std::uint64_t file) {
  if (const auto known = filed_.find(file); known != filed_.end()) {
    files_.erase(known->second);
    filed_.erase(known);
  }
  spiller_->forget(file);
}

/// That it was made must be known before that it is gone.
void CallWorker::report_lost(const worker::ReportLost& lost) {
  flush_reports();
  send(scheduler_rank, wire::BlocksLost{lost.discarded, {lost.task}});
}

void CallWorker::report_no_room(const worker::ReportNoRoom& refused) {
  definitions_.erase(refused.task);
  flush_reports();
  const std::string& last = spiller_->last_error();
  std::string text = "memory runs short on rank " + std::to_string(transport_.rank()) + ": " + format_bytes(refused.needed) +
                     " would be needed at once beside " + format_bytes(options_.program_bytes) + " of the program itself, the limit is " +
                     format_bytes(options_.memory_limit) + "; " + format_bytes(spiller_->in_scratch()) + " of results are in " +
                     options_.spill.scratch + " (" + (last.empty() ? "limit " + format_bytes(options_.spill.limit) : last) +
                     "); give each rank more memory (--memory-limit) or scratch (--spill-dir, --spill-limit), take more ranks, or return less";
  send(scheduler_rank, wire::TaskFailed{refused.task, refused.attempt, true, static_cast<std::uint32_t>(ExitCode::resources), std::move(text)});
}

}  // namespace rankine::runtime
