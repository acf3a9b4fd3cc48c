#include "sched/static_order.hpp"

#include <algorithm>
#include <span>

#include "base/error.hpp"

namespace rankine::sched {
namespace {

constexpr std::uint32_t unplaced = UINT32_MAX;

std::uint32_t add_saturating(std::uint32_t a, std::uint32_t b) { return a > UINT32_MAX - b ? UINT32_MAX : a + b; }

/// What the walk keeps of a task, side by side because it is asked for together.
struct Node {
  std::uint32_t path = 0;     ///< cost of the longest path through it
  std::uint32_t missing = 0;  ///< inputs not placed yet
  std::uint32_t readers = 0;  ///< dependents not placed yet
  std::uint32_t rank = unplaced;
};

class OrderWalk {
 public:
  explicit OrderWalk(const TaskGraph& graph) : graph_(graph), nodes_(graph.task_count()) {
    measure_paths();
    order_.at_rank.reserve(nodes_.size());
  }

  StaticOrder run() {
    for (const TaskId target : targets()) descend(target);
    order_.rank.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) order_.rank[i] = nodes_[i].rank;
    return std::move(order_);
  }

 private:
  std::uint32_t cost(TaskId task) const { return std::max<std::uint32_t>(1, graph_.cost_us(task)); }
  Node& at(TaskId task) { return nodes_[task.value]; }

  /// Longest path, by cost, that runs through each task: the sum of the longest one that ends in it (t-level)
  /// and the longest one that begins with it (b-level, Kwok and Ahmad 1999). Also counts the edges.
  /// Ids are in topological order in nearly every graph: then two sweeps over the inputs do.
  void measure_paths() {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    bool ids_are_topological = true;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto inputs = graph_.dependencies_of({i}, edges_);
      nodes_[i].missing = static_cast<std::uint32_t>(inputs.size());
      std::uint32_t begin = 0;
      for (const TaskId input : inputs) {
        ids_are_topological = ids_are_topological && input.value < i;
        ++at(input).readers;
        begin = std::max(begin, at(input).path);
      }
      nodes_[i].path = add_saturating(begin, cost({i}));
    }
    std::vector<TaskId> topological;
    if (!ids_are_topological) topological = sort_topologically();
    std::vector<std::uint32_t> below(count, 0);
    for (std::uint32_t k = count; k-- > 0;) {
      const TaskId task = ids_are_topological ? TaskId{k} : topological[k];
      const std::uint32_t b_level = add_saturating(below[task.value], cost(task));
      for (const TaskId input : graph_.dependencies_of(task, edges_))
        below[input.value] = std::max(below[input.value], b_level);
    }
    for (std::uint32_t i = 0; i < count; ++i) nodes_[i].path = add_saturating(nodes_[i].path, below[i]);
  }

  /// Kahn's algorithm; sets the path to the end of each task on the way.
  std::vector<TaskId> sort_topologically() {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    std::vector<std::uint32_t> missing(count);
    std::vector<TaskId> topological;
    topological.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      missing[i] = nodes_[i].missing;
      nodes_[i].path = cost({i});
      if (missing[i] == 0) topological.push_back({i});
    }
    for (std::size_t next = 0; next < topological.size(); ++next)
      for (const TaskId reader : graph_.dependents_of(topological[next], edges_)) {
        at(reader).path = std::max(at(reader).path, add_saturating(at(topological[next]).path, cost(reader)));
        if (--missing[reader.value] == 0) topological.push_back(reader);
      }
    if (topological.size() != count) {
      const auto stuck = std::find_if(missing.begin(), missing.end(), [](std::uint32_t m) { return m != 0; });
      throw Error(ExitCode::internal, "the task graph has a cycle: " +
                  graph_.describe({static_cast<std::uint32_t>(stuck - missing.begin())}) + " waits for itself");
    }
    return topological;
  }

  /// What is to be reached, one after the other: tasks that nobody reads, longest path first, and before
  /// them whatever the user has given a priority.
  std::vector<TaskId> targets() const {
    std::vector<TaskId> targets;
    const bool has_priorities = graph_.has_priorities();
    for (std::uint32_t i = 0; i < nodes_.size(); ++i)
      if (nodes_[i].readers == 0 || (has_priorities && graph_.priority({i}) > 0)) targets.push_back({i});
    const auto goes_first = [&](TaskId a, TaskId b) {
      if (has_priorities && graph_.priority(a) != graph_.priority(b)) return graph_.priority(a) > graph_.priority(b);
      return nodes_[a.value].path > nodes_[b.value].path;
    };
    if (!std::is_sorted(targets.begin(), targets.end(), goes_first))
      std::stable_sort(targets.begin(), targets.end(), goes_first);
    return targets;
  }

  /// Places `target` and all it needs. The stack holds tasks whose turn may have come already.
  void descend(TaskId target) {
    stack_.push_back(target);
    while (!stack_.empty()) {
      const TaskId task = stack_.back();
      const Node& node = at(task);
      if (node.rank != unplaced) {
        stack_.pop_back();
      } else if (node.missing == 0) {
        stack_.pop_back();
        place_with_releasing_readers(task);
      } else {
        const auto bottom = static_cast<std::ptrdiff_t>(stack_.size());
        for (const TaskId input : graph_.dependencies_of(task, edges_))
          if (at(input).rank == unplaced) stack_.push_back(input);
        // What goes first is pushed last.
        std::sort(stack_.begin() + bottom, stack_.end(), [&](TaskId a, TaskId b) {
          return at(a).path != at(b).path ? at(a).path < at(b).path : a > b;
        });
      }
    }
  }

  void place_with_releasing_readers(TaskId first) {
    cascade_.assign(1, first);
    for (std::size_t next = 0; next < cascade_.size(); ++next) {
      const TaskId task = cascade_[next];
      if (at(task).rank != unplaced) continue;
      place(task);
      const auto readers = graph_.dependents_of(task, edges_);
      ready_.clear();
      for (const TaskId reader : readers)
        if (--at(reader).missing == 0) ready_.push_back(reader);
      if (!ready_.empty()) follow_with_ready(task, readers.size());
    }
    // What was placed and still waits for a reader may be freed by fetching a partner or two at once.
    for (const TaskId task : cascade_)
      if (at(task).readers != 0) call_partners(task);
  }

  /// Puts those of `ready_`, readers of `task`, on the cascade that free at least what they make.
  void follow_with_ready(TaskId task, std::size_t reader_count) {
    // All readers of a block together may free it where none does alone.
    const bool all_ready = ready_.size() == reader_count && !graph_.is_wanted(task);
    std::uint64_t made = 0, freed = all_ready ? graph_.output_bytes(task).value : 0;
    for (const TaskId reader : ready_) {
      made += graph_.output_bytes(reader).value;
      freed += bytes_freed_by(reader, all_ready ? task : TaskId{unplaced});
    }
    for (const TaskId reader : ready_)
      if (freed >= made || bytes_freed_by(reader, TaskId{unplaced}) >= graph_.output_bytes(reader).value)
        cascade_.push_back(reader);
  }

  /// u is there; u * u ran, but u * v waits for v, and v * v would follow. If a few partners that need nothing but
  /// themselves let all readers of `task` run, and more is freed then than made, they go next. Without this one
  /// mean after the other would be computed, with all of u and v held (quadratic means over shared inputs).
  void call_partners(TaskId task) {
    if (at(task).readers > most_readers || graph_.is_wanted(task)) return;
    std::uint64_t made = 0, freed = graph_.output_bytes(task).value;
    if (freed == 0) return;
    partners_.clear();
    candidates_.clear();
    for (const TaskId reader : graph_.dependents_of(task, edges_)) {
      if (at(reader).rank != unplaced) continue;
      if (at(reader).missing > most_partners) return;
      candidates_.push_back({reader, at(reader).missing});
      for (const TaskId input : graph_.dependencies_of(reader, inputs_)) {
        if (at(input).rank != unplaced || std::find(partners_.begin(), partners_.end(), input) != partners_.end()) continue;
        if (partners_.size() == most_partners || !needs_only_a_chain(input)) return;
        partners_.push_back(input);
        made += graph_.output_bytes(input).value;
      }
    }
    if (partners_.empty()) return;
    // The partners' other readers: which of them become ready too?
    for (const TaskId partner : partners_) {
      if (at(partner).readers > most_readers) return;
      for (const TaskId reader : graph_.dependents_of(partner, edges_)) {
        const auto known = std::find_if(candidates_.begin(), candidates_.end(), [&](const Candidate& c) { return c.task == reader; });
        if (known == candidates_.end()) candidates_.push_back({reader, at(reader).missing - 1});
        else --known->missing;
      }
    }
    for (const Candidate& candidate : candidates_)
      if (candidate.missing == 0) made += graph_.output_bytes(candidate.task).value;
    for (const TaskId partner : partners_) {
      const auto readers = graph_.dependents_of(partner, edges_);
      const bool all_ready = std::all_of(readers.begin(), readers.end(), [&](TaskId reader) {
        return std::any_of(candidates_.begin(), candidates_.end(),
                           [&](const Candidate& c) { return c.task == reader && c.missing == 0; });
      });
      if (all_ready && !graph_.is_wanted(partner)) freed += graph_.output_bytes(partner).value;
    }
    if (freed < made) return;
    // The walk goes on with what lies on top of its stack.
    stack_.insert(stack_.end(), partners_.rbegin(), partners_.rend());
  }

  /// It and what it waits for have one unplaced input each, down to a task that can be placed.
  bool needs_only_a_chain(TaskId task) {
    for (std::uint32_t depth = 0; depth < longest_chain; ++depth) {
      if (at(task).missing == 0) return true;
      if (at(task).missing > 1) return false;
      for (const TaskId input : graph_.dependencies_of(task, chain_))
        if (at(input).rank == unplaced) {
          task = input;
          break;
        }
    }
    return false;
  }

  void place(TaskId task) {
    at(task).rank = static_cast<std::uint32_t>(order_.at_rank.size());
    order_.at_rank.push_back(task);
    for (const TaskId input : graph_.dependencies_of(task, inputs_)) --at(input).readers;
  }

  /// Bytes of inputs of which `task` is the last reader, `except` aside.
  std::uint64_t bytes_freed_by(TaskId task, TaskId except) {
    std::uint64_t freed = 0;
    for (const TaskId input : graph_.dependencies_of(task, inputs_))
      if (input != except && at(input).readers == 1 && !graph_.is_wanted(input))
        freed += graph_.output_bytes(input).value;
    return freed;
  }

  /// Bounds that keep the work of a task constant.
  static constexpr std::uint32_t most_partners = 3, most_readers = 8, longest_chain = 4;
  struct Candidate {
    TaskId task;
    std::uint32_t missing;
  };

  const TaskGraph& graph_;
  StaticOrder order_;
  std::vector<Node> nodes_;
  std::vector<TaskId> stack_, cascade_, ready_, edges_, inputs_, partners_, chain_;
  std::vector<Candidate> candidates_;
};

}  // namespace

StaticOrder compute_static_order(const TaskGraph& graph) { return OrderWalk(graph).run(); }

}  // namespace rankine::sched
