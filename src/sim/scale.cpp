#include "sim/scale.hpp"

#include <algorithm>
#include <queue>
#include <vector>

#include "base/check.hpp"
#include "base/prng.hpp"
#include "sched/scheduler.hpp"
#include "sim/network.hpp"

namespace rankine::sim {
namespace {

struct Assigned {
  std::uint64_t priority = 0;
  Instant from;                  ///< when the order has arrived
  TaskId task;
  std::uint32_t attempt = 0;
  std::uint32_t fetches = 0;     ///< under way
  std::uint64_t copied = 0;      ///< bytes of inputs that other workers hold
};
struct RunsLater {
  bool operator()(const Assigned& a, const Assigned& b) const { return a.priority > b.priority; }
};

/// A worker: what waits for blocks, what waits for a thread.
struct Node {
  std::vector<Assigned> fetching;
  std::vector<Assigned> ready;   ///< heap
  std::uint32_t free_threads = 0;
  std::uint64_t held = 0, peak_held = 0;
  std::uint64_t in_scratch = 0, peak_scratch = 0;  ///< of what is held
  std::uint64_t copied = 0;      ///< bytes of inputs fetched, or on their way, for tasks that are here
  std::uint64_t promised = 0;    ///< outputs and buffers of running tasks
  std::uint64_t peak_needed = 0;

  void note_needed(std::uint64_t claimed = 0) {
    peak_needed = std::max(peak_needed, held - in_scratch + copied + promised + claimed);
  }
};

struct Event {
  enum class Kind : std::uint8_t { task_ends, transfer_ends, report_arrives, recall_answer, rank_0 };
  std::int64_t at_ns = 0;
  Kind kind = Kind::rank_0;
  bool granted = false;
  WorkerId worker;               ///< of a transfer: the receiver
  TaskId task;                   ///< of a transfer: the reader
  std::uint32_t attempt = 0;     ///< of a transfer: its number
  std::uint32_t value = 0;       ///< duration_us; of a transfer: the version
  std::uint64_t copied = 0;      ///< of a task that ends: as Assigned
};
struct Later {
  bool operator()(const Event& a, const Event& b) const { return a.at_ns > b.at_ns; }
};

class Scale {
 public:
  Scale(std::shared_ptr<const TaskGraph> graph, const ScaleOptions& options)
      : options_(options), graph_(std::move(graph)), scheduler_(options.scheduler, graph_), prng_(options.seed),
        network_(options.worker_count, options.bandwidth_bytes_per_us), nodes_(options.worker_count) {}

  ScaleResult run() {
    for (Node& node : nodes_) node.free_threads = options_.threads_per_worker;
    for (std::uint32_t w = 0; w < options_.worker_count; ++w)
      scheduler_.on_worker_joined({}, {w}, {w / options_.workers_per_node, options_.threads_per_worker, options_.memory_limit, {}, false,
                                            options_.scratch},
                                  actions_);
    scheduler_.start({}, actions_);
    apply();
    while (!events_.empty()) {
      const Event event = events_.top();
      events_.pop();
      now_.ns = event.at_ns;
      handle(event);
    }
    return judge();
  }

 private:
  void handle(const Event& event) {
    switch (event.kind) {
      case Event::Kind::task_ends: {
        Node& node = nodes_[event.worker.value];
        node.promised -= room_of(event.task);
        node.held += graph_->output_bytes(event.task).value;
        node.peak_held = std::max(node.peak_held, node.held);
        spill(node);
        node.note_needed();
        node.copied -= event.copied;
        ++node.free_threads;
        start_ready(event.worker);
        Event report = event;
        report.kind = Event::Kind::report_arrives;
        report.at_ns += latency_ns();
        return events_.push(report);
      }
      case Event::Kind::transfer_ends: {
        if (!network_.end({now_, event.attempt, event.value}, endings_)) return;
        post_endings();
        return block_arrived(readers_[event.attempt]);
      }
      case Event::Kind::report_arrives:
        reports_.push_back({event.worker, event.task, event.attempt, graph_->output_bytes(event.task), event.value});
        return wake_rank_0();
      case Event::Kind::recall_answer:
        scheduler_.on_recall_answered(now_, event.worker, event.task, event.attempt, event.granted, actions_);
        return apply();
      case Event::Kind::rank_0:
        rank_0_awake_ = false;
        rank_0_free_.ns = now_.ns + static_cast<std::int64_t>(reports_.size()) * options_.decision_ns;
        rank_0_busy_ns_ += static_cast<std::uint64_t>(reports_.size()) * options_.decision_ns;
        scheduler_.on_tasks_finished(now_, reports_, actions_);
        reports_.clear();
        return apply();
    }
  }

  void spill(Node& node) {
    if (options_.scratch.value == 0 || options_.memory_limit.value == 0) return;
    const auto target = static_cast<std::uint64_t>(options_.spill_target * static_cast<double>(options_.memory_limit.value));
    const std::uint64_t in_memory = node.held - node.in_scratch;
    if (in_memory <= target) return;
    result_.bytes_spilled += Bytes{in_memory - target};
    node.in_scratch += in_memory - target;
    node.peak_scratch = std::max(node.peak_scratch, node.in_scratch);
  }

  std::uint64_t room_of(TaskId task) const { return (graph_->output_bytes(task) + graph_->scratch_bytes(task)).value; }

  std::int64_t latency_ns() const { return std::int64_t{options_.latency_us} * 1000; }

  /// Rank 0 takes all that has arrived when it is free.
  void wake_rank_0() {
    if (rank_0_awake_) return;
    rank_0_awake_ = true;
    events_.push({.at_ns = std::max(now_.ns, rank_0_free_.ns), .kind = Event::Kind::rank_0});
  }

  void apply() {
    for (const sched::Action& action : actions_.list) {
      if (const auto* assign = std::get_if<sched::Assign>(&action)) {
        take(*assign);
      } else if (const auto* release = std::get_if<sched::Release>(&action)) {
        for (const TaskId task : actions_.tasks(*release)) {
          Node& node = nodes_[release->worker.value];
          const std::uint64_t bytes = graph_->output_bytes(task).value;
          // Which of them it was is not known here: as much of it lay in scratch as of all that is held.
          if (node.in_scratch != 0)
            node.in_scratch -= static_cast<std::uint64_t>(static_cast<double>(node.in_scratch) * static_cast<double>(bytes) / static_cast<double>(node.held));
          node.held -= bytes;
        }
      } else if (const auto* recall = std::get_if<sched::Recall>(&action)) {
        answer(*recall);
      } else if (std::holds_alternative<sched::RunSucceeded>(action)) {
        end_ = now_;
      } else {
        RANKINE_CHECK(!std::holds_alternative<sched::RunFailed>(action), "a simulated run without faults failed");
      }
    }
    actions_.clear();
  }

  void take(const sched::Assign& assign) {
    Node& node = nodes_[assign.worker.value];
    Assigned assigned{assign.priority, {now_.ns + latency_ns()}, assign.task, assign.attempt, 0, 0};
    const Instant begin{now_.ns + 3 * latency_ns()};  // the order, the request, the first byte
    for (const sched::InputLocation& input : actions_.inputs(assign)) {
      if (input.holder == assign.worker) continue;
      ++assigned.fetches;
      assigned.copied += input.bytes.value;
      ++result_.transfers;
      result_.bytes_moved += input.bytes;
      const std::uint32_t number = network_.begin(begin, input.holder, assign.worker, input.bytes, endings_);
      if (readers_.size() <= number) readers_.resize(number + 1);
      readers_[number] = {assign.worker, assign.task};
    }
    post_endings();
    node.copied += assigned.copied;
    node.note_needed();
    if (assigned.fetches != 0) {
      node.fetching.push_back(assigned);
      return;
    }
    node.ready.push_back(assigned);
    std::push_heap(node.ready.begin(), node.ready.end(), RunsLater{});
    start_ready(assign.worker);
  }

  void post_endings() {
    for (const Network::Ending& ending : endings_)
      events_.push({.at_ns = ending.at.ns, .kind = Event::Kind::transfer_ends, .attempt = ending.transfer, .value = ending.version});
    endings_.clear();
  }

  struct Reader {
    WorkerId worker;
    TaskId task;
  };

  void block_arrived(const Reader& reader) {
    Node& node = nodes_[reader.worker.value];
    const auto found = std::find_if(node.fetching.begin(), node.fetching.end(), [&](const Assigned& a) { return a.task == reader.task; });
    if (found == node.fetching.end() || --found->fetches != 0) return;  // recalled since
    node.ready.push_back(*found);
    std::push_heap(node.ready.begin(), node.ready.end(), RunsLater{});
    *found = node.fetching.back();
    node.fetching.pop_back();
    start_ready(reader.worker);
  }

  void start_ready(WorkerId worker) {
    Node& node = nodes_[worker.value];
    while (node.free_threads != 0 && !node.ready.empty()) {
      std::pop_heap(node.ready.begin(), node.ready.end(), RunsLater{});
      const Assigned next = node.ready.back();
      node.ready.pop_back();
      --node.free_threads;
      node.promised += room_of(next.task);
      ++result_.executions;
      const double spread = 1 + options_.cost_spread * (2 * prng_.uniform() - 1);
      const auto duration_ns = std::max<std::int64_t>(1000, static_cast<std::int64_t>(1000.0 * graph_->cost_us(next.task) * spread));
      busy_ns_ += static_cast<std::uint64_t>(duration_ns);
      events_.push({.at_ns = std::max(now_.ns, next.from.ns) + duration_ns, .kind = Event::Kind::task_ends, .worker = worker,
                    .task = next.task, .attempt = next.attempt, .value = static_cast<std::uint32_t>(duration_ns / 1000),
                    .copied = next.copied});
    }
    // A worker brings in what the next one reads, and keeps room for it, before a thread is free.
    node.note_needed(node.ready.empty() ? 0 : room_of(node.ready.front().task));
  }

  /// As the worker would: granted if no thread has the task yet.
  void answer(const sched::Recall& recall) {
    ++result_.recalls;
    Node& node = nodes_[recall.worker.value];
    bool granted = false;
    for (auto* list : {&node.ready, &node.fetching}) {
      const auto found = std::find_if(list->begin(), list->end(), [&](const Assigned& a) { return a.task == recall.task; });
      if (found == list->end()) continue;
      node.copied -= found->copied;
      *found = list->back();
      list->pop_back();
      granted = true;
    }
    std::make_heap(node.ready.begin(), node.ready.end(), RunsLater{});
    events_.push({.at_ns = now_.ns + 2 * latency_ns(), .kind = Event::Kind::recall_answer, .granted = granted, .worker = recall.worker,
                  .task = recall.task, .attempt = recall.attempt});
  }

  ScaleResult judge() {
    RANKINE_CHECK(scheduler_.succeeded(), "a simulated run did not come to its end");
    RANKINE_CHECK(result_.executions == graph_->task_count(), "a task did not run once");
    for (std::uint32_t w = 0; w < options_.worker_count; ++w) {
      const Bytes kept = scheduler_.held_bytes({w});
      RANKINE_CHECK(scheduler_.projected_bytes({w}) == kept && nodes_[w].held == kept.value, "bytes are held or reserved for nothing");
      result_.peak_held = std::max(result_.peak_held, Bytes{nodes_[w].peak_held});
      result_.peak_needed = std::max(result_.peak_needed, Bytes{nodes_[w].peak_needed});
      RANKINE_CHECK(nodes_[w].copied == 0 && nodes_[w].promised == 0, "inputs or rooms are kept for nothing");
      result_.peak_scratch = std::max(result_.peak_scratch, Bytes{nodes_[w].peak_scratch});
    }
    result_.makespan_s = static_cast<double>(end_.ns) * 1e-9;
    const double thread_ns = static_cast<double>(end_.ns) * options_.worker_count * options_.threads_per_worker;
    result_.busy_share = static_cast<double>(busy_ns_) / std::max(1.0, thread_ns);
    result_.rank_0_share = static_cast<double>(rank_0_busy_ns_) / std::max<double>(1.0, static_cast<double>(end_.ns));
    result_.forced = scheduler_.forced_count();
    result_.scheduler_bytes = scheduler_.memory_bytes();
    return result_;
  }

  ScaleOptions options_;
  std::shared_ptr<const TaskGraph> graph_;
  sched::Scheduler scheduler_;
  Prng prng_;
  Network network_;
  std::vector<Node> nodes_;
  std::vector<Reader> readers_;  ///< by transfer
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  std::vector<Network::Ending> endings_;
  std::vector<sched::FinishedTask> reports_;
  sched::Actions actions_;
  Instant now_, end_, rank_0_free_;
  std::uint64_t busy_ns_ = 0, rank_0_busy_ns_ = 0;
  bool rank_0_awake_ = false;
  ScaleResult result_;
};

}  // namespace

ScaleResult simulate_at_scale(std::shared_ptr<const TaskGraph> graph, const ScaleOptions& options) {
  return Scale(std::move(graph), options).run();
}

}  // namespace rankine::sim
