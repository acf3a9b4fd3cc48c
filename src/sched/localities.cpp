// Root tasks that read pieces of one stored chunk run at one worker, which then decodes it once.
#include <algorithm>
#include <unordered_map>
#include <vector>

#include "sched/scheduler.hpp"

namespace rankine::sched {

/// Puts roots of one locality behind the first of them, so that stretches hold them together: at most root_run_limit at
/// once, so that what the static order does for memory stays nearly as it is.
void Scheduler::gather_localities() {
  std::unordered_map<std::uint64_t, std::vector<TaskId>> waiting;  // by locality, in static order, next one last
  for (auto root = roots_.rbegin(); root != roots_.rend(); ++root)
    if (const std::uint64_t locality = graph_->locality(*root); locality != 0) waiting[locality].push_back(*root);
  std::vector<TaskId> gathered;
  gathered.reserve(roots_.size());
  std::vector<bool> is_placed(task_count(), false);
  for (const TaskId root : roots_) {
    if (is_placed[root.value]) continue;
    const std::uint64_t locality = graph_->locality(root);
    if (locality == 0) {
      gathered.push_back(root);
      continue;
    }
    auto& together = waiting[locality];
    for (std::uint32_t taken = 0; taken < std::max(1u, options_.root_run_limit) && !together.empty(); ++taken) {
      is_placed[together.back().value] = true;
      gathered.push_back(together.back());
      together.pop_back();
    }
  }
  roots_ = std::move(gathered);
}

/// The next place at or behind `end` where the stretch that begins at `begin` parts no two roots of one locality; `end`
/// itself if there is none within root_run_limit.
std::uint32_t Scheduler::locality_border(std::uint32_t begin, std::uint32_t end, std::uint32_t last) const {
  if (!graph_has_localities_ || end <= begin) return end;
  const std::uint32_t limit = std::min(last, std::max(end, begin + 2 * options_.root_run_limit));
  std::uint32_t at = end;
  while (at < limit) {
    const std::uint64_t before = graph_->locality(roots_[at - 1]);
    if (before == 0 || before != graph_->locality(roots_[at])) return at;
    ++at;
  }
  return at == last ? last : end;
}

}  // namespace rankine::sched
