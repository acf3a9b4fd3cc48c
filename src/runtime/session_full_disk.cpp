// Outputs that find their disk full: the run waits until there is room, or ends so that it can be gone on with.
#include "exec/clock.hpp"
#include "runtime/current_run.hpp"

namespace rankine::runtime {
namespace {

std::string describe(const wire::RoomWanted& wanted) {
  return "no room for " + wanted.path + ": " + format_bytes(Bytes{wanted.free_bytes}) + " free" +
         (wanted.needed_bytes != 0 ? ", " + format_bytes(Bytes{wanted.needed_bytes}) + " needed by the next write" : "");
}

}  // namespace

void Session::note_room_wanted(CurrentRun& run, int rank, const wire::RoomWanted& wanted) {
  if (wanted.waiting != 0) run.room_wanted[rank] = wanted;
  else run.room_wanted.erase(rank);
  if (!run.room_wanted.empty() || !run.full_since) return;
  if (run.said_full && !run.leaving_since) {
    reporter_.clear_line();
    reporter_.note("there is room again, after " + std::to_string(static_cast<int>(exec::seconds_between(*run.full_since, exec::now()))) + " s");
  }
  run.full_since.reset();
  run.said_full = false;
}

void Session::watch_full_disk(CurrentRun& run) {
  if (run.abandoned || run.leaving_since) return;
  const Instant now = exec::now();
  if (!run.full_since) run.full_since = now;
  const std::string text = describe(run.room_wanted.begin()->second);
  if (options_.waits_for_room && exec::seconds_between(*run.full_since, now) < options_.longest_room_wait_s) {
    if (!std::exchange(run.said_full, true)) {
      reporter_.clear_line();
      reporter_.warning(text + "; the run waits until there is, for " +
                        std::to_string(static_cast<int>(options_.longest_room_wait_s)) + " s at most");
    }
    return;
  }
  // What is computed needs no more than its checkpoint; what is being closed has had all of them.
  if (!run.checkpointer || run.ended) end_for_room(text, ExitCode::output);
  run.no_room = text;
  run.leaving_since = now;
  run.scheduler->pause();
  reporter_.clear_line();
  reporter_.warning(text + "; no further tasks are started, what is done is saved");
}

void Session::end_for_room(const std::string& text, ExitCode otherwise) const {
  if (directory_ && directory_->is_open())
    throw Error(ExitCode::resumable, text + "; make room, then " + directory_->how_to_go_on());
  throw Error(otherwise, text + "; make room or write elsewhere");
}

}  // namespace rankine::runtime
