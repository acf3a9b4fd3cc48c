#include <catch2/catch.hpp>

#include <set>
#include <vector>

#include "sched/explicit_graph.hpp"
#include "sim/scenario.hpp"

using namespace rankine;
using namespace rankine::sim;

namespace {

std::shared_ptr<const TaskGraph> graph_of(GraphKind kind, std::uint32_t tasks, std::uint64_t seed) {
  Prng prng(seed);
  return std::make_shared<sched::ExplicitGraph>(random_graph(kind, tasks, prng));
}

}  // namespace

TEST_CASE("every oracle is content with a thousand drawn scenarios") {
  int failed_as_planned = 0, with_losses = 0, with_forced_tasks = 0, with_recalls = 0;
  std::uint64_t copies = 0, copies_taken = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Scenario scenario = draw_scenario(seed);
    const SimulationResult result = simulate(scenario.graph, scenario.options);
    INFO(describe(scenario) << "\nrepeat with: " << scenario.command);
    REQUIRE(result.error == "");
    failed_as_planned += result.run_failed;
    with_losses += scenario.options.faults.lost_workers != 0;
    with_forced_tasks += result.forced != 0;
    with_recalls += result.recalls != 0;
    copies += result.copies;
    copies_taken += result.copies_taken;
  }
  // The scenarios do reach what they are meant to reach.
  CHECK(failed_as_planned > 10);
  CHECK(with_losses > 100);
  CHECK(with_forced_tasks > 20);
  CHECK(with_recalls > 50);
  CHECK(copies > 1000);
  CHECK(copies_taken > 20);
}

TEST_CASE("every oracle is content with a thousand graphs that grow, fail and are cancelled in part") {
  int with_errors = 0, with_losses = 0, without_errors = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Scenario scenario = draw_growing_scenario(seed);
    const SimulationResult result = simulate(scenario.graph, scenario.options);
    INFO(describe(scenario) << "\nrepeat with: " << scenario.command);
    REQUIRE(result.error == "");
    REQUIRE_FALSE(result.run_failed);
    with_errors += result.erred != 0;
    without_errors += result.erred == 0;
    with_losses += scenario.options.faults.lost_workers != 0;
  }
  CHECK(with_errors > 100);
  CHECK(without_errors > 100);
  CHECK(with_losses > 100);
}

TEST_CASE("every oracle is content with a thousand scenarios in which memory runs short") {
  int with_spills = 0, with_discards = 0, with_damage = 0, with_losses = 0, without_room = 0;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Scenario scenario = draw_spilling_scenario(seed);
    const SimulationResult result = simulate(scenario.graph, scenario.options);
    INFO(describe(scenario) << "\nrepeat with: " << scenario.command);
    REQUIRE(result.error == "");
    with_spills += result.bytes_unspilled.value != 0;
    with_discards += result.discarded != 0;
    with_damage += result.damaged != 0;
    with_losses += result.bytes_spilled.value != 0 && scenario.options.faults.lost_workers != 0;
    without_room += result.run_failed && scenario.options.faults.permanent_error_chance == 0;
  }
  CHECK(with_spills > 200);
  CHECK(with_discards > 20);
  CHECK(with_damage > 50);
  CHECK(with_losses > 50);
  CHECK(without_room > 0);
}

TEST_CASE("every oracle is content with three thousand storms: losses, steals, late and doubled reports, spills and ended jobs at once") {
  SimulationResult sum;
  int with_jobs = 0, with_recalls_and_spills = 0, with_losses_and_spills = 0;
#ifdef __SANITIZE_ADDRESS__
  const int share = 5;   // each takes ten times as long
#else
  const int share = 1;
#endif
  for (std::uint64_t seed = 1; seed <= 3000u / share; ++seed) {
    Scenario scenario = draw_storm(seed);
    scenario.options.check_every_step = seed % 2 == 0;
    const SimulationResult result = simulate(scenario.graph, scenario.options);
    INFO(describe(scenario) << "\nrepeat with: " << scenario.command);
    REQUIRE(result.error == "");
    sum.losses += result.losses;
    sum.fetches_cut += result.fetches_cut;
    sum.ghosts += result.ghosts;
    sum.restored += result.restored;
    sum.deadly += result.deadly;
    sum.damaged += result.damaged;
    sum.copies_taken += result.copies_taken;
    with_jobs += result.jobs > 1;
    with_recalls_and_spills += result.recalls != 0 && result.bytes_unspilled.value != 0;
    with_losses_and_spills += result.losses != 0 && result.bytes_unspilled.value != 0;
  }
  CHECK(sum.losses > 3000 / share);
  CHECK(sum.fetches_cut > 50 / share);
  CHECK(sum.ghosts > 5000 / share);
  CHECK(sum.restored > 1000 / share);
  CHECK(sum.deadly > 50 / share);
  CHECK(sum.damaged > 1000 / share);
  CHECK(sum.copies_taken > 50 / share);
  CHECK(with_jobs > 500 / share);
  CHECK(with_recalls_and_spills > 300 / share);
  CHECK(with_losses_and_spills > 300 / share);
}

TEST_CASE("a rechunk ten times larger than all memory together runs within it, by way of scratch") {
  const auto graph = graph_of(GraphKind::rechunk_diamonds, 600, 3);
  SimulationOptions roomy;
  roomy.worker_count = 3;
  const SimulationResult reference = simulate(graph, roomy);
  REQUIRE(reference.error == "");
  Bytes whole;
  for (std::uint32_t i = 0; i < graph->task_count(); ++i) whole += graph->output_bytes({i});
  SimulationOptions options = roomy;
  options.memory_limit = {whole.value / 10 / options.worker_count};
  options.scratch = whole;
  const SimulationResult result = simulate(graph, options);
  CHECK(result.error == "");
  CHECK(result.peak_known <= options.memory_limit);
  CHECK(result.discarded == 0);
  CHECK(result.result_digest == reference.result_digest);
}

TEST_CASE("equal seeds give equal actions, other seeds others") {
  const Scenario scenario = draw_scenario(12);
  const SimulationResult first = simulate(scenario.graph, scenario.options);
  const SimulationResult again = simulate(scenario.graph, scenario.options);
  REQUIRE(first.error == "");
  CHECK(first.digest == again.digest);
  CHECK(first.makespan_us == again.makespan_us);
  SimulationOptions other = scenario.options;
  other.seed += 1;
  CHECK(simulate(scenario.graph, other).digest != first.digest);
}

TEST_CASE("no constant of the policy, number of workers or fault changes results") {
  for (std::uint32_t kind = 0; kind < graph_kind_count; ++kind) {
    const auto graph = graph_of(static_cast<GraphKind>(kind), 120, 5);
    std::set<std::uint64_t> digests;
    for (std::uint32_t variant = 0; variant < 12; ++variant) {
      SimulationOptions options;
      options.seed = variant;
      options.worker_count = 1 + variant % 5;
      options.threads_per_worker = 1 + variant % 3;
      options.scheduler.queued_ahead_per_worker = variant % 4;
      options.scheduler.root_run_limit = 1 + variant;
      options.scheduler.same_node_price = 0.1 * variant;
      options.scheduler.admission_fraction = 0.5 + 0.04 * variant;
      options.scheduler.root_admission_fraction = 0.2 + 0.05 * variant;
      options.scheduler.roots_ahead_per_worker = (variant + 1) % 3;
      options.scheduler.root_runs_per_thread = 1 + variant % 4;
      options.replica_cache = {variant % 3 == 0 ? 0 : options.memory_limit.value / 16 + 100};
      options.scheduler.queued_ahead_us = 300 * variant;
      options.scheduler.queued_ahead_limit = 1 + 5 * variant;
      options.scheduler.assumed_bandwidth_bytes_per_us = 10u << variant;
      options.scheduler.steal_scan_limit = 1 + variant;
      options.scheduler.thieves_per_event = 1 + variant % 3;
      options.scheduler.steal_pause_limit = 8 * variant;
      options.scheduler.cost_learning_rate = 0.08 * variant;
      options.scheduler.retry_delay_ms = 7 * variant;
      options.scheduler.max_assignments_per_task = 500 + 40 * variant;
      options.scheduler.replicate_bytes = {variant % 3 == 1 ? 1u << 20 : 0};
      options.scheduler.replicate_least_us = 1 + 3 * variant;
      options.max_parallel_fetches = 1 + variant % 5;
      options.claims_ahead = variant % 3;
      options.most_writes = 1 + variant % 4;
      options.scratch = {variant % 4 == 1 ? std::uint64_t{1} << 40 : 0};
      options.spill_target = 0.3 + 0.03 * variant;
      options.spill_spill = options.spill_target + 0.05;
      options.spill_stop = 0.7 + 0.02 * variant;
      options.has_next_use = variant % 2 == 0;
      options.grows_by = variant % 6 == 5 ? 7 : 0;
      options.memory_limit = {variant % 2 == 0 ? 0 : 2 * serial_peak_bytes(*graph).value};
      options.faults.task_error_chance = 0.05 * (variant % 3);
      options.scheduler.max_worker_kills = 100;
      options.faults.lost_workers = variant % 2;
      const SimulationResult result = simulate(graph, options);
      INFO(name_of(static_cast<GraphKind>(kind)) << " variant " << variant);
      REQUIRE(result.error == "");
      REQUIRE_FALSE(result.run_failed);
      digests.insert(result.result_digest);
    }
    CHECK(digests.size() == 1);
  }
}

TEST_CASE("a task that always fails ends the run as failed, with nothing left behind") {
  SimulationOptions options;
  options.faults.permanent_error_chance = 1;
  const SimulationResult result = simulate(graph_of(GraphKind::tree_reduction, 100, 1), options);
  CHECK(result.error == "");
  CHECK(result.run_failed);
}

TEST_CASE("a tree reduction far larger than memory runs within it, nothing forced") {
  Prng prng(3);
  auto tasks = random_graph(GraphKind::tree_reduction, 4000, prng);
  for (auto& task : tasks) {
    task.wanted = false;
    task.priority = 0;  // asked for first, its whole subtree would wait for the rest
  }
  tasks.back().wanted = true;
  const auto graph = std::make_shared<sched::ExplicitGraph>(tasks);
  SimulationOptions options;
  options.worker_count = 4;
  options.threads_per_worker = 2;
  options.check_every_step = false;
  options.memory_limit = {4 * serial_peak_bytes(*graph).value};
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < graph->task_count(); ++i) total += graph->output_bytes({i}).value;
  REQUIRE(total > 5 * options.worker_count * options.memory_limit.value);
  const SimulationResult result = simulate(graph, options);
  CHECK(result.error == "");
  CHECK(result.forced == 0);
  CHECK(result.peak_held <= options.memory_limit);
}

TEST_CASE("independent chains on equal workers take little more than their share of the time") {
  Prng prng(2);
  auto tasks = random_graph(GraphKind::chains, 1000, prng);
  for (auto& task : tasks) task.cost_class = 0;  // whose hints are right
  const auto graph = std::make_shared<sched::ExplicitGraph>(tasks);
  std::uint64_t work_us = 0;
  for (std::uint32_t i = 0; i < graph->task_count(); ++i) work_us += graph->cost_us({i});
  SimulationOptions options;
  options.worker_count = 8;
  options.check_every_step = false;
  const SimulationResult result = simulate(graph, options);
  CHECK(result.error == "");
  CHECK(static_cast<double>(result.makespan_us) < 1.2 * static_cast<double>(work_us) / options.worker_count);
}

TEST_CASE("work moves away from a worker that is much slower than the others") {
  const auto graph = graph_of(GraphKind::layered, 400, 9);
  SimulationOptions options;
  options.worker_count = 4;
  options.faults.slow_worker_chance = 0.4;
  std::uint64_t recalls = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    options.seed = seed;
    const SimulationResult result = simulate(graph, options);
    REQUIRE(result.error == "");
    recalls += result.recalls;
  }
  CHECK(recalls > 0);
}

TEST_CASE("losing many workers, at once, unnoticed for long or wrongly, changes no result") {
  int lost_all_but_one = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Scenario scenario = draw_scenario(seed, 0, static_cast<std::uint32_t>(2 + seed % 7));
    SimulationOptions& options = scenario.options;
    options.faults.permanent_error_chance = 0;
    options.faults.lost_workers = 0;
    const SimulationResult undisturbed = simulate(scenario.graph, options);
    REQUIRE(undisturbed.error == "");
    options.faults.lost_workers = static_cast<std::uint32_t>(1 + seed % options.worker_count);
    options.faults.losses_within_us = seed % 3 == 0 ? 0 : static_cast<std::uint32_t>(1 + seed % 2000);
    options.faults.loss_noticed_us = static_cast<std::uint32_t>(1 + (seed * 37) % 10'000);
    options.faults.late_chance = seed % 2 == 0 ? 0.3 : 0;
    options.faults.lives_on_chance = 0.25 * static_cast<double>(seed % 5);
    const SimulationResult result = simulate(scenario.graph, options);
    INFO("seed " << seed << ": " << describe(scenario));
    REQUIRE(result.error == "");
    REQUIRE_FALSE(result.run_failed);
    CHECK(result.result_digest == undisturbed.result_digest);
    lost_all_but_one += options.faults.lost_workers + 1 >= options.worker_count;
  }
  CHECK(lost_all_but_one > 50);
}
