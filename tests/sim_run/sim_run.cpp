// Repeats what a seed of the simulator stands for: sim_run --seed N [--tasks N] [--workers N] [--until N] [--growing | --spilling | --storm].
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "sim/scenario.hpp"

namespace {

char repeat_with[256];

/// A broken invariant ends the process: by then its reason has been printed, not what leads there.
void tell_command(int) {
  const auto written = ::write(STDERR_FILENO, repeat_with, std::strlen(repeat_with));
  static_cast<void>(written);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seed = 1, until = 0;
  std::uint32_t tasks = 0, workers = 0;
  bool check = true, growing = false, spilling = false, storm = false;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--no-check") {
      check = false;
      continue;
    }
    if (option == "--growing" || option == "--spilling" || option == "--storm") {
      (option == "--growing" ? growing : option == "--spilling" ? spilling : storm) = true;
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
      std::fprintf(stderr, "usage: sim_run --seed N [--until LAST_SEED] [--tasks N] [--workers N] [--growing | --spilling | --storm] [--no-check]\n");
      return 2;
    }
    ++i;
  }
  std::signal(SIGABRT, tell_command);
  int failures = 0;
  for (std::uint64_t s = seed; s <= std::max(seed, until); ++s) {
    const auto draw = growing    ? rankine::sim::draw_growing_scenario
                      : spilling ? rankine::sim::draw_spilling_scenario
                      : storm    ? rankine::sim::draw_storm
                                 : rankine::sim::draw_scenario;
    rankine::sim::Scenario scenario = draw(s, tasks, workers);
    scenario.options.check_every_step = check;
    std::snprintf(repeat_with, sizeof repeat_with, "  repeat with: %s\n", scenario.command.c_str());
    if (until == 0) std::printf("%s\n", rankine::sim::describe(scenario).c_str());
    std::fflush(stdout);
    const auto result = rankine::sim::simulate(scenario.graph, scenario.options);
    if (until == 0)
      std::printf("makespan %llu us, %llu executions, %llu messages, %llu recalls, %s moved, peak held %s, %u forced, %s spilled, %s read back, %llu discarded, %llu damaged, %u lost, %llu blocks cut, %u jobs, %u restored%s\n",
                  static_cast<unsigned long long>(result.makespan_us), static_cast<unsigned long long>(result.executions),
                  static_cast<unsigned long long>(result.messages), static_cast<unsigned long long>(result.recalls),
                  rankine::format_bytes(result.bytes_moved).c_str(), rankine::format_bytes(result.peak_held).c_str(),
                  result.forced, rankine::format_bytes(result.bytes_spilled).c_str(),
                  rankine::format_bytes(result.bytes_unspilled).c_str(), static_cast<unsigned long long>(result.discarded),
                  static_cast<unsigned long long>(result.damaged), result.losses,
                  static_cast<unsigned long long>(result.fetches_cut), result.jobs, result.restored, result.run_failed ? ", the run failed as planned" : "");
    if (result.error.empty()) continue;
    ++failures;
    std::printf("FAILED: %s\n  repeat with: %s\n", result.error.c_str(), scenario.command.c_str());
  }
  return failures == 0 ? 0 : 1;
}
