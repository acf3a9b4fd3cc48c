// How long the simulator takes for machines that nobody has at hand: the real scheduler, a max-min fair network.
//
//   bench_simulated_scale [--tasks N] [--workers W] [--shape tree|stencil]
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sched/regular_graph.hpp"
#include "sim/scale.hpp"

using namespace rankine;

int main(int argc, char** argv) {
  std::uint32_t tasks = 1'000'000, workers = 1000;
  std::string shape = "tree";
  bool understood = true;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "0";
    if (option == "--tasks") tasks = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--workers") workers = static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
    else if (option == "--shape") shape = value;
    else understood = false;
  }
  if (!understood || tasks < 100 || workers == 0 || (shape != "tree" && shape != "stencil")) {
    std::fprintf(stderr, "usage: bench_simulated_scale [--tasks N] [--workers W] [--shape tree|stencil]\n");
    return 2;
  }
  std::vector<sched::RegularLayer> layers;
  const auto add = [&](std::uint32_t width, sched::Pattern pattern, std::uint32_t extent, std::uint64_t bytes, std::uint32_t cost_us) {
    sched::RegularLayer layer;
    layer.width = width;
    if (!layers.empty()) layer.edges.push_back({static_cast<std::uint32_t>(layers.size()) - 1, pattern, extent});
    layer.output_bytes = {bytes};
    layer.cost_us = cost_us;
    layers.push_back(layer);
  };
  if (shape == "tree") {  // read, reduce, combine
    const auto width = static_cast<std::uint32_t>(tasks / (2 + 1.0 / 7));
    add(width, sched::Pattern::same, 1, 64 << 20, 100'000);
    add(width, sched::Pattern::same, 1, 1 << 20, 20'000);
    while (layers.back().width > 1) add((layers.back().width + 7) / 8, sched::Pattern::fan_in, 8, 1 << 20, 2'000);
  } else {
    const std::uint32_t width = std::min(tasks, 4 * workers);
    for (std::uint32_t done = 0; done < tasks; done += width) add(std::min(width, tasks - done), sched::Pattern::near, 1, 1 << 20, 50'000);
  }
  const auto graph = std::make_shared<sched::RegularGraph>(layers);
  sim::ScaleOptions options;
  options.worker_count = workers;
  options.memory_limit = {std::uint64_t{2} << 30};
  const sim::ScaleResult result = sim::simulate_at_scale(graph, options);
  timespec cpu{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double cpu_s = static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec);
  std::printf("# %s, %u tasks, %u workers: %llu transfers, %s moved, %llu recalls, %u forced\n", shape.c_str(), graph->task_count(),
              workers, static_cast<unsigned long long>(result.transfers), format_bytes(result.bytes_moved).c_str(),
              static_cast<unsigned long long>(result.recalls), result.forced);
  std::printf("simulated_makespan %.3f s\n", result.makespan_s);
  std::printf("simulated_busy_share %.3f 1\n", result.busy_share);
  std::printf("simulated_rank_0_share %.3f 1\n", result.rank_0_share);
  std::printf("simulated_peak_held %llu B\n", static_cast<unsigned long long>(result.peak_held.value));
  std::printf("peak_rss %ld kB\n", usage.ru_maxrss);
  std::printf("simulated_tasks_per_second %.0f 1/s\n", graph->task_count() / cpu_s);
  std::printf("cpu %.2f s\n", cpu_s);
  return 0;
}
