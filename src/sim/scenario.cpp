#include "sim/scenario.hpp"

#include <algorithm>

namespace rankine::sim {

Scenario draw_scenario(std::uint64_t seed, std::uint32_t task_count, std::uint32_t worker_count) {
  Prng prng(seed);
  Scenario scenario;
  const auto drawn_tasks = static_cast<std::uint32_t>(1 + prng.below(prng.chance(0.2) ? 400 : 80));
  const auto drawn_workers = static_cast<std::uint32_t>(1 + prng.below(prng.chance(0.2) ? 16 : 5));
  if (task_count == 0) task_count = drawn_tasks;
  if (worker_count == 0) worker_count = drawn_workers;
  scenario.command = "bin/sim_run --seed " + std::to_string(seed) + " --tasks " + std::to_string(task_count) +
                     " --workers " + std::to_string(worker_count);
  scenario.kind = static_cast<GraphKind>(prng.below(graph_kind_count));
  scenario.graph = std::make_shared<sched::ExplicitGraph>(random_graph(scenario.kind, task_count, prng));

  SimulationOptions& options = scenario.options;
  options.seed = prng.next();
  options.worker_count = worker_count;
  options.node_count = static_cast<std::uint32_t>(1 + prng.below(worker_count));
  options.threads_per_worker = static_cast<std::uint32_t>(1 + prng.below(4));
  options.latency_us = static_cast<std::uint32_t>(prng.below(200));
  options.bandwidth_bytes_per_us = static_cast<std::uint32_t>(10 + prng.below(5000));
  options.max_parallel_fetches = static_cast<std::uint32_t>(1 + prng.below(8));
  // From roomy down to less than a serial run needs: that must still end.
  if (prng.chance(0.6)) {
    const double tightness = prng.chance(0.3) ? 0.5 : 1.0 + 4.0 * prng.uniform();
    options.memory_limit = {std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(tightness * static_cast<double>(serial_peak_bytes(*scenario.graph).value)))};
  }
  FaultOptions& faults = options.faults;
  if (prng.chance(0.4)) faults.task_error_chance = 0.2 * prng.uniform();
  if (prng.chance(0.05)) faults.permanent_error_chance = 0.05;
  if (prng.chance(0.4)) faults.slow_worker_chance = 0.4;
  if (prng.chance(0.4)) faults.duplicate_chance = 0.3;
  if (prng.chance(0.4)) faults.late_chance = 0.2;
  if (prng.chance(0.3)) faults.lost_workers = static_cast<std::uint32_t>(1 + prng.below(worker_count));
  if (prng.chance(0.3)) faults.losses_within_us = static_cast<std::uint32_t>(1 + prng.below(3000));
  if (prng.chance(0.5)) faults.loss_noticed_us = static_cast<std::uint32_t>(1 + prng.below(20'000));
  if (prng.chance(0.5)) faults.lives_on_chance = prng.uniform();
  sched::SchedulerOptions& policy = options.scheduler;
  policy.max_worker_kills = 1000;  // simulated workers die of themselves
  policy.retry_delay_ms = static_cast<std::uint32_t>(prng.below(3));
  policy.queued_ahead_per_worker = static_cast<std::uint32_t>(prng.below(5));
  policy.roots_ahead_per_worker = static_cast<std::uint32_t>(prng.below(3));
  policy.root_run_limit = static_cast<std::uint32_t>(1 + prng.below(32));
  policy.same_node_price = prng.uniform();
  policy.assumed_bandwidth_bytes_per_us = options.bandwidth_bytes_per_us;
  // A part of what admission leaves free, as in the real driver.
  if (prng.chance(0.5)) options.replica_cache = {options.memory_limit.value != 0 ? options.memory_limit.value / 16 : 1 + prng.below(1'000'000)};
  policy.queued_ahead_us = static_cast<std::uint32_t>(prng.below(prng.chance(0.5) ? 2 : 3000));
  policy.queued_ahead_limit = static_cast<std::uint32_t>(prng.below(40));
  policy.cost_learning_rate = prng.chance(0.2) ? 0 : prng.uniform();
  policy.steal_scan_limit = static_cast<std::uint32_t>(1 + prng.below(20));
  policy.thieves_per_event = static_cast<std::uint32_t>(1 + prng.below(8));
  policy.steal_pause_limit = static_cast<std::uint32_t>(prng.below(64));
  policy.root_runs_per_thread = static_cast<std::uint32_t>(1 + prng.below(4));
  if (options.replica_cache.value != 0 && prng.chance(0.5)) {
    policy.replicate_bytes = {1 + prng.below(1'000'000)};
    policy.replicate_least_us = static_cast<std::uint32_t>(prng.below(1000));
  }
  return scenario;
}

Scenario draw_growing_scenario(std::uint64_t seed, std::uint32_t task_count, std::uint32_t worker_count) {
  Scenario scenario = draw_scenario(seed, task_count, worker_count);
  scenario.command += " --growing";
  Prng prng(seed ^ 0x67726f77);
  SimulationOptions& options = scenario.options;
  options.grows_by = static_cast<std::uint32_t>(1 + prng.below(prng.chance(0.5) ? 5 : 100));
  options.scheduler.keep_going = true;
  options.faults.permanent_error_chance = prng.chance(0.3) ? 0.05 : 0;
  options.faults.cancel_chance = prng.chance(0.3) ? 0.1 : 0;
  return scenario;
}

Scenario draw_spilling_scenario(std::uint64_t seed, std::uint32_t task_count, std::uint32_t worker_count) {
  Scenario scenario = draw_scenario(seed, task_count, worker_count);
  scenario.command += " --spilling";
  Prng prng(seed ^ 0x7370696c);
  SimulationOptions& options = scenario.options;
  Bytes whole, largest;
  std::vector<TaskId> inputs;
  for (std::uint32_t i = 0; i < scenario.graph->task_count(); ++i) {
    inputs.clear();
    scenario.graph->dependencies({i}, inputs);
    Bytes need = scenario.graph->output_bytes({i}) + scenario.graph->scratch_bytes({i});
    for (const TaskId input : inputs) need += scenario.graph->output_bytes(input);
    largest = std::max(largest, need);
    whole += scenario.graph->output_bytes({i});
  }
  // No plan is run that has a task without room.
  const double slack = prng.chance(0.3) ? 1.0 : 1.0 + 2.0 * prng.uniform();
  options.memory_limit = {1 + static_cast<std::uint64_t>(slack * static_cast<double>(largest.value))};
  if (options.replica_cache.value != 0) options.replica_cache = {options.memory_limit.value / 16};
  const bool small_scratch = prng.chance(0.25);
  options.scratch = {1 + (small_scratch ? static_cast<std::uint64_t>(prng.uniform() * static_cast<double>(whole.value))
                                        : 4 * whole.value)};
  options.spill_target = 0.3 + 0.5 * prng.uniform();
  options.spill_spill = options.spill_target + 0.1;
  options.spill_stop = prng.chance(0.3) ? options.spill_target : 0.9;
  options.disk_bytes_per_us = static_cast<std::uint32_t>(1 + prng.below(2000));
  options.most_writes = static_cast<std::uint32_t>(1 + prng.below(8));
  options.claims_ahead = static_cast<std::uint32_t>(prng.below(3));
  options.has_next_use = prng.chance(0.7);
  if (prng.chance(0.25)) options.faults.spill_fails_chance = 0.3 * prng.uniform();
  if (prng.chance(0.4)) options.faults.damage_chance = 0.2 * prng.uniform();
  return scenario;
}

Scenario draw_storm(std::uint64_t seed, std::uint32_t task_count, std::uint32_t worker_count) {
  Prng prng(seed ^ 0x73746f726d);
  const bool spills = prng.chance(0.6);
  const auto drawn_workers = static_cast<std::uint32_t>(2 + prng.below(prng.chance(0.2) ? 24 : 7));
  if (worker_count == 0) worker_count = drawn_workers;
  Scenario scenario = spills ? draw_spilling_scenario(seed, task_count, worker_count) : draw_scenario(seed, task_count, worker_count);
  scenario.command = scenario.command.substr(0, scenario.command.find(" --spilling")) + " --storm";
  SimulationOptions& options = scenario.options;
  FaultOptions& faults = options.faults;
  if (!spills && prng.chance(0.5)) {
    options.grows_by = static_cast<std::uint32_t>(1 + prng.below(40));
    options.scheduler.keep_going = true;
    faults.cancel_chance = prng.chance(0.3) ? 0.05 : 0;
    faults.permanent_error_chance = prng.chance(0.3) ? 0.02 : 0;
  } else {
    options.jobs = static_cast<std::uint32_t>(1 + prng.below(4));
    if (prng.chance(0.8)) options.checkpoint_every_us = static_cast<std::uint32_t>(200 + prng.below(8'000));
    faults.permanent_error_chance = 0;
    options.scheduler.keep_going = prng.chance(0.5);
  }
  if (prng.chance(0.6)) options.bandwidth_bytes_per_us = static_cast<std::uint32_t>(1 + prng.below(60));  // much is on its way
  if (prng.chance(0.7)) faults.lost_workers = static_cast<std::uint32_t>(1 + prng.below(worker_count));
  faults.losses_within_us = prng.chance(0.5) ? static_cast<std::uint32_t>(1 + prng.below(3000)) : 0;
  faults.loss_noticed_us = static_cast<std::uint32_t>(1 + prng.below(prng.chance(0.5) ? 200 : 20'000));
  if (prng.chance(0.5)) faults.loss_follows_chance = prng.uniform();
  if (prng.chance(0.3)) faults.lost_nodes = static_cast<std::uint32_t>(1 + prng.below(2));
  faults.lives_on_chance = prng.chance(0.5) ? prng.uniform() : 0;
  faults.cut_chance = prng.chance(0.7) ? prng.uniform() : 0;
  faults.late_chance = 0.5 * prng.uniform();
  faults.ghost_chance = 0.2 * prng.uniform();
  faults.duplicate_chance = 0.2 * prng.uniform();
  faults.damage_chance *= 0.3;  // where every fifth block is damaged, what is made again needs more blocks than it mends
  faults.slow_worker_chance = 0.4;  // whose tasks are stolen
  if (options.memory_limit.value != 0 && prng.chance(0.5)) faults.measured_chance = 0.2 * prng.uniform();
  options.scheduler.steal_pause_limit = static_cast<std::uint32_t>(prng.below(4));
  options.scheduler.queued_ahead_per_worker = static_cast<std::uint32_t>(1 + prng.below(6));
  if (worker_count >= 5 && prng.chance(0.25)) {
    faults.deadly_chance = 1.5 / scenario.graph->task_count();
    options.scheduler.max_worker_kills = static_cast<std::uint32_t>(1 + prng.below(2));
  }
  return scenario;
}

std::string describe(const Scenario& scenario) {
  const SimulationOptions& options = scenario.options;
  const FaultOptions& faults = options.faults;
  return std::string(name_of(scenario.kind)) + ", " + std::to_string(scenario.graph->task_count()) + " tasks, " +
         std::to_string(options.worker_count) + " workers x " + std::to_string(options.threads_per_worker) +
         " threads, memory limit " + (options.memory_limit.value == 0 ? "none" : format_bytes(options.memory_limit)) +
         ", faults: errors " + std::to_string(faults.task_error_chance) + ", permanent " +
         std::to_string(faults.permanent_error_chance) + ", slow " + std::to_string(faults.slow_worker_chance) +
         ", doubled " + std::to_string(faults.duplicate_chance) + ", late " + std::to_string(faults.late_chance) +
         ", lost workers " + std::to_string(faults.lost_workers) + (faults.losses_within_us == 0 ? "" : " at once") +
         ", of which live on " + std::to_string(faults.lives_on_chance) + ", cancelled " + std::to_string(faults.cancel_chance) +
         (options.scratch.value != 0 ? ", scratch " + format_bytes(options.scratch) + ", of which fail " +
                                           std::to_string(faults.spill_fails_chance) + ", damaged " + std::to_string(faults.damage_chance) : "") +
         (faults.lost_nodes != 0 ? ", lost nodes " + std::to_string(faults.lost_nodes) : "") +
         (faults.deadly_chance > 0 ? ", deadly tasks " + std::to_string(faults.deadly_chance) : "") +
         (options.jobs != 1 ? ", jobs " + std::to_string(options.jobs) + ", a checkpoint every " + std::to_string(options.checkpoint_every_us) + " us" : "") +
         (options.grows_by != 0 ? ", grows by up to " + std::to_string(options.grows_by) : "");
}

}  // namespace rankine::sim
