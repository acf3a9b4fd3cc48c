// How short a task may be before half of the machine's time is lost: METG(50 %) of Task Bench (Slaughter et al. 2020).
//
//   mpirun -n 2 bench_stencil [--steps N] [--repetitions R]
//
// A 1-d stencil, as wide as there are ranks, each of which computes (rank 0 too): a task reads the results of itself
// and its neighbours of the step before, so every step moves blocks between the ranks. The kernel is compute-bound
// (a chain of integer operations of a given length). Efficiency is the time of the same kernels alone, over the time
// of the run; the shortest task with 50 % is interpolated between the measured ones. Results are checked against a
// plain loop.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "graph_job.hpp"
#include "sched/regular_graph.hpp"
#include "transport/mpi/mpi_session.hpp"

using namespace rankine;

namespace {

/// Iterations of the kernel, longest first.
constexpr std::uint32_t granularities[] = {200'000, 100'000, 50'000, 25'000, 12'500, 6'250, 3'125, 1'560, 780};

std::uint64_t compute(std::uint64_t seed, std::uint32_t iterations) {
  std::uint64_t x = seed | 1;
  for (std::uint32_t i = 0; i < iterations; ++i) x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL;
  return x;
}

std::uint64_t kernel(TaskId task, std::span<const std::uint64_t> inputs, std::uint32_t iterations) {
  std::uint64_t seed = task.value;
  for (const std::uint64_t input : inputs) seed = seed * 31 + input;
  return compute(seed, iterations);
}

std::shared_ptr<const sched::RegularGraph> stencil(std::uint32_t width, std::uint32_t steps) {
  std::vector<sched::RegularLayer> layers(steps);
  for (std::uint32_t step = 0; step < steps; ++step) {
    layers[step].width = width;
    layers[step].output_bytes = {sizeof(std::uint64_t)};
    if (step != 0) layers[step].edges.push_back({step - 1, sched::Pattern::near, 1});
  }
  layers.back().wanted = true;
  return std::make_shared<const sched::RegularGraph>(std::move(layers));
}

bench::Job job_of(std::uint32_t run, std::uint32_t width, std::uint32_t steps, std::uint32_t repetitions) {
  const std::uint32_t iterations = granularities[std::min<std::size_t>((run - 1) / repetitions, std::size(granularities) - 1)];
  return {stencil(width, steps),
          [iterations](TaskId task, std::span<const std::uint64_t> inputs) { return kernel(task, inputs, iterations); }};
}

std::vector<std::uint64_t> by_plain_loop(const TaskGraph& graph, std::uint32_t iterations) {
  std::vector<std::uint64_t> all(graph.task_count()), inputs, wanted;
  std::vector<TaskId> edges;
  for (std::uint32_t i = 0; i < graph.task_count(); ++i) {
    inputs.clear();
    for (const TaskId input : graph.dependencies_of({i}, edges)) inputs.push_back(all[input.value]);
    all[i] = kernel({i}, inputs, iterations);
    if (graph.is_wanted({i})) wanted.push_back(all[i]);
  }
  return wanted;
}

int lead(transport::Transport& transport, std::uint32_t steps, std::uint32_t repetitions) {
  const auto width = static_cast<std::uint32_t>(transport.size());
  struct Point {
    double task_us, efficiency;
  };
  std::vector<Point> curve;
  std::uint32_t run = 0;
  std::printf("# iterations  task us  repetitions: seconds\n");
  for (const std::uint32_t iterations : granularities) {
    std::vector<double> seconds;
    double alone_s = 0;
    for (std::uint32_t repetition = 0; repetition < repetitions; ++repetition) {
      const bench::Job job = job_of(++run, width, steps, repetitions);
      bench::JobScheduler scheduler(transport, job.graph, {run}, true, job.kernel);
      const std::vector<std::uint64_t> values = scheduler.run();
      seconds.push_back(scheduler.seconds());
      const Instant begin = exec::now();
      const std::vector<std::uint64_t> expected = by_plain_loop(*job.graph, iterations);
      // The shortest of them: what the kernels take where nobody disturbs.
      const double this_s = exec::seconds_between(begin, exec::now()) / width;
      alone_s = repetition == 0 ? this_s : std::min(alone_s, this_s);
      if (values != expected) {
        std::fprintf(stderr, "bench_stencil: the answer is wrong\n");
        return 1;
      }
    }
    std::printf("# %u  %.2f ", iterations, 1e6 * alone_s / steps);
    for (const double s : seconds) std::printf(" %.4f", s);
    std::printf("\n");
    std::fflush(stdout);
    std::sort(seconds.begin(), seconds.end());
    curve.push_back({1e6 * alone_s / steps, alone_s / seconds[seconds.size() / 2]});
  }
  // Longest first: the first drop below one half, between the two points around it, on a logarithmic scale.
  double metg_us = curve.back().task_us;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].efficiency >= 0.5) continue;
    metg_us = curve[i].task_us;
    if (i > 0) {
      const double part = (0.5 - curve[i].efficiency) / (curve[i - 1].efficiency - curve[i].efficiency);
      metg_us = std::exp(std::log(curve[i].task_us) + part * std::log(curve[i - 1].task_us / curve[i].task_us));
    }
    break;
  }
  for (const Point& point : curve) std::printf("efficiency_at_%.1f_us %.3f 1\n", point.task_us, point.efficiency);
  std::printf("metg_us %.2f us\n", metg_us);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  transport::MpiSession session(argc, argv);
  std::uint32_t steps = 1000, repetitions = 3;
  bool understood = true;
  for (int i = 1; i < argc; i += 2) {
    const std::string option = argv[i];
    const auto value = i + 1 < argc ? static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10)) : 0;
    if (option == "--steps") steps = value;
    else if (option == "--repetitions") repetitions = value;
    else understood = false;
    understood = understood && value > 0;
  }
  if (!understood) {
    if (session.place().rank == 0) std::fprintf(stderr, "usage: mpirun -n 2 bench_stencil [--steps N] [--repetitions R]\n");
    session.end(2, true);
  }
  const auto transport = transport::make_mpi_transport(session);
  int status = 0;
  if (session.place().rank == 0) {
    status = lead(*transport, steps, repetitions);
    for (int rank = 1; rank < transport->size(); ++rank) transport->send(rank, wire::encode({}, wire::Shutdown{}));
    while (!transport->idle()) transport->progress();
  } else {
    const auto width = static_cast<std::uint32_t>(transport->size());
    bench::serve_jobs(*transport, [&](std::uint32_t run) { return job_of(run, width, steps, repetitions); });
  }
  session.end(status, true);
}
