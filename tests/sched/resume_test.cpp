#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <set>

#include "base/prng.hpp"
#include "sched/explicit_graph.hpp"
#include "sched/resumed_graph.hpp"
#include "sched/scheduler.hpp"

using namespace rankine;
using namespace rankine::sched;

namespace {

/// Runs a graph on two workers, one task after the other, in the order in which they are assigned.
class SerialRun {
 public:
  explicit SerialRun(std::shared_ptr<const TaskGraph> graph) : graph_(graph), scheduler_({}, graph) {
    scheduler_.on_worker_joined({}, {1}, {0, 2, {}, {}}, actions_);
    scheduler_.on_worker_joined({}, {2}, {1, 1, {}, {}}, actions_);
    scheduler_.start({}, actions_);
    take();
  }
  bool step() {
    if (assigned_.empty()) return false;
    const auto [worker, task, attempt] = assigned_.front();
    assigned_.pop_front();
    std::vector<TaskId> edges;
    for (const TaskId input : graph_->dependencies_of(task, edges)) {
      INFO("task " << task.value << " reads " << input.value);
      CHECK(scheduler_.state(input) == TaskState::held);
    }
    ran_.push_back(task);
    scheduler_.on_task_finished({}, worker, task, attempt, graph_->output_bytes(task), 1, actions_);
    scheduler_.sanity_check();
    take();
    return true;
  }
  Scheduler& scheduler() { return scheduler_; }
  const std::vector<TaskId>& ran() const { return ran_; }

 private:
  struct Sent {
    WorkerId worker;
    TaskId task;
    std::uint32_t attempt;
  };
  void take() {
    for (const Action& action : actions_.list) {
      if (const auto* assign = std::get_if<Assign>(&action)) assigned_.push_back({assign->worker, assign->task, assign->attempt});
      if (const auto* recall = std::get_if<Recall>(&action)) refused_.push_back(*recall);
    }
    actions_.clear();
    while (!refused_.empty()) {
      const Recall recall = refused_.front();
      refused_.pop_front();
      scheduler_.on_recall_answered({}, recall.worker, recall.task, recall.attempt, false, actions_);
      take();
    }
  }

  std::shared_ptr<const TaskGraph> graph_;
  Scheduler scheduler_;
  Actions actions_;
  std::deque<Sent> assigned_;
  std::deque<Recall> refused_;
  std::vector<TaskId> ran_;
};

std::shared_ptr<const TaskGraph> random_graph(Prng& prng) {
  std::vector<ExplicitTask> tasks(5 + prng.below(60));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].output_bytes = {1 + prng.below(100)};
    tasks[i].wanted = prng.below(10) == 0;
    std::set<std::uint32_t> inputs;
    if (i > 0)
      for (std::uint64_t edge = prng.below(4); edge > 0; --edge) inputs.insert(static_cast<std::uint32_t>(prng.below(i)));
    for (const std::uint32_t input : inputs) tasks[i].inputs.push_back({input});
  }
  return std::make_shared<ExplicitGraph>(tasks);
}

}  // namespace

TEST_CASE("a run that was left at any moment goes on from what was done and held, and repeats nothing of it") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Prng prng(seed);
    std::shared_ptr<const TaskGraph> graph = random_graph(prng);
    std::vector<TaskId> edges;
    const auto is_sink = [&](TaskId task) { return graph->dependents_of(task, edges).empty() && !graph->is_wanted(task); };
    SerialRun first(graph);
    for (std::uint64_t steps = prng.below(graph->task_count() + 1); steps > 0 && first.step(); --steps) {}
    first.scheduler().pause();
    const std::size_t with_assigned = first.ran().size() + first.scheduler().assigned_count();
    while (first.step()) {}
    CHECK(first.ran().size() == with_assigned);

    std::vector<TaskId> done, restored;
    for (const TaskId task : first.ran())
      if (is_sink(task)) done.push_back(task);
    std::vector<std::pair<TaskId, WorkerId>> held;
    first.scheduler().held_outputs(held);
    for (const auto& [task, worker] : held) restored.push_back(task);

    auto resumed = std::make_shared<ResumedGraph>(graph, done, restored);
    std::shared_ptr<const TaskGraph> runs = resumed;
    if (prng.below(2) == 0) runs = with_stored_edges(resumed);
    SerialRun second(runs);
    while (second.step()) {}
    CHECK(second.scheduler().succeeded());
    std::set<TaskId> before(first.ran().begin(), first.ran().end());
    for (const TaskId task : second.ran()) CHECK((before.count(task) == 0 || resumed->is_restored(task)));
    std::set<TaskId> either = before;
    either.insert(second.ran().begin(), second.ran().end());
    CHECK(either.size() == graph->task_count());
    CHECK(second.ran().size() == resumed->open_count());
  }
}

TEST_CASE("what led only to finished work is not needed again, saved or not") {
  std::vector<ExplicitTask> tasks(6);
  tasks[2].inputs = {{0}};
  tasks[3].inputs = {{1}};
  tasks[4].inputs = {{2}};
  tasks[5].inputs = {{2}, {3}};
  const auto graph = std::make_shared<ExplicitGraph>(tasks);
  const std::vector<TaskId> done{{4}}, restored{{3}, {1}};
  const ResumedGraph resumed(graph, done, restored);
  std::vector<bool> already_done;
  for (std::uint32_t i = 0; i < 6; ++i) already_done.push_back(resumed.is_already_done({i}));
  CHECK(already_done == std::vector<bool>{false, true, false, false, true, false});
  std::vector<TaskId> readers;
  resumed.dependents({2}, readers);
  CHECK(readers == std::vector<TaskId>{{5}});
  std::vector<TaskId> inputs;
  resumed.dependencies({3}, inputs);
  CHECK(inputs.empty());
  CHECK(resumed.cost_class(TaskId{3}) != resumed.cost_class(TaskId{2}));
}
