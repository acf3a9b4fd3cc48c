// Repeats what a seed of the simulator stands for: sim_run --seed N [--tasks N] [--workers N] [--until N] [--growing | --spilling].
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sim/scenario.hpp"

int main(int argc, char** argv) {
  std::uint64_t seed = 1, until = 0;
  std::uint32_t tasks = 0, workers = 0;
  bool check = true, growing = false, spilling = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--no-check") {
      check = false;
      continue;
    }
    if (option == "--growing" || option == "--spilling") {
      (option == "--growing" ? growing : spilling) = true;
      continue;
    }
    char* end = nullptr;
    const std::uint64_t value = i + 1 < argc ? std::strtoull(argv[i + 1], &end, 10) : 0;
    const bool is_number = end != nullptr && end != argv[i + 1] && *end == '\0';
    if (is_number && option == "--seed") seed = value;
    else if (is_number && option == "--until") until = value;
    else if (is_number && option == "--tasks") tasks = static_cast<std::uint32_t>(value);
    else if (is_number && option == "--workers") workers = static_cast<std::uint32_t>(value);
    else {
      std::fprintf(stderr, "usage: sim_run --seed N [--until LAST_SEED] [--tasks N] [--workers N] [--growing | --spilling] [--no-check]\n");
      return 2;
    }
    ++i;
  }
  int failures = 0;
  for (std::uint64_t s = seed; s <= std::max(seed, until); ++s) {
    rankine::sim::Scenario scenario = growing    ? rankine::sim::draw_growing_scenario(s, tasks, workers)
                                   : spilling ? rankine::sim::draw_spilling_scenario(s, tasks, workers)
                                                    : rankine::sim::draw_scenario(s, tasks, workers);
    scenario.options.check_every_step = check;
    if (until == 0) std::printf("%s\n", rankine::sim::describe(scenario).c_str());
    std::fflush(stdout);
    const auto result = rankine::sim::simulate(scenario.graph, scenario.options);
    if (until == 0)
      std::printf("makespan %llu us, %llu executions, %llu messages, %llu recalls, %s moved, peak held %s, %u forced, %s spilled, %s read back, %llu discarded, %llu damaged%s\n",
                  static_cast<unsigned long long>(result.makespan_us), static_cast<unsigned long long>(result.executions),
                  static_cast<unsigned long long>(result.messages), static_cast<unsigned long long>(result.recalls),
                  rankine::format_bytes(result.bytes_moved).c_str(), rankine::format_bytes(result.peak_held).c_str(),
                  result.forced, rankine::format_bytes(result.bytes_spilled).c_str(),
                  rankine::format_bytes(result.bytes_unspilled).c_str(), static_cast<unsigned long long>(result.discarded),
                  static_cast<unsigned long long>(result.damaged), result.run_failed ? ", the run failed as planned" : "");
    if (result.error.empty()) continue;
    ++failures;
    std::printf("FAILED: %s\n  repeat with: %s\n", result.error.c_str(), scenario.command.c_str());
  }
  return failures == 0 ? 0 : 1;
}
