// What a task that does nothing costs from end to end: scheduler on rank 0, worker on rank 1, real frames over MPI.
//
//   mpirun -n 2 bench_empty_tasks [--tasks N] [--chain N] [--tree N] [--repetitions R]
//
// A map (tasks without edges), a tree reduction of fan-in 8, and a chain, where each step waits for a report and an
// answer. The answer is checked: wanted values carry sums that only come out if every task ran on its inputs.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "graph_job.hpp"
#include "sched/regular_graph.hpp"
#include "transport/mpi/mpi_session.hpp"

using namespace rankine;

namespace {

struct Sizes {
  std::uint32_t map = 1'000'000, tree = 500'000, chain = 20'000, repetitions = 3;
};

std::vector<sched::RegularLayer> chain_layers(std::uint32_t length) {
  std::vector<sched::RegularLayer> layers(length);
  for (std::uint32_t i = 1; i < length; ++i) layers[i].edges.push_back({i - 1, sched::Pattern::same, 1});
  layers.back().wanted = true;
  return layers;
}

std::vector<sched::RegularLayer> tree_layers(std::uint32_t leaves) {
  std::vector<sched::RegularLayer> layers(1);
  layers[0].width = leaves;
  while (layers.back().width > 1) {
    sched::RegularLayer layer;
    layer.width = (layers.back().width + 7) / 8;
    layer.edges.push_back({static_cast<std::uint32_t>(layers.size()) - 1, sched::Pattern::fan_in, 8});
    layers.push_back(layer);
  }
  layers.back().wanted = true;
  return layers;
}

/// Every task but one in 1024 is dropped at once; those are fetched at the end.
std::vector<sched::RegularLayer> map_layers(std::uint32_t tasks) {
  std::vector<sched::RegularLayer> layers(2);
  layers[0].width = tasks - tasks / 1024;
  layers[1].width = std::max(1u, tasks / 1024);
  layers[1].wanted = true;
  for (auto& layer : layers) layer.output_bytes = {sizeof(std::uint64_t)};
  return layers;
}

enum class Shape { map, tree, chain };
constexpr Shape shapes[] = {Shape::map, Shape::tree, Shape::chain};

bench::Job job_of(Shape shape, const Sizes& sizes) {
  auto layers = shape == Shape::map ? map_layers(sizes.map) : shape == Shape::tree ? tree_layers(sizes.tree)
                                                                                  : chain_layers(sizes.chain);
  for (auto& layer : layers) layer.output_bytes = {sizeof(std::uint64_t)};
  // One more than the sum of the inputs: counts the tasks below.
  return {std::make_shared<sched::RegularGraph>(std::move(layers)), [](TaskId, std::span<const std::uint64_t> inputs) {
            std::uint64_t sum = 1;
            for (const std::uint64_t input : inputs) sum += input;
            return sum;
          }};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int lead(transport::Transport& transport, const Sizes& sizes) {
  std::vector<double> map_rates, tree_rates, chain_steps_us;
  std::uint32_t run = 0;
  std::printf("# repetition  map tasks/s  tree tasks/s  chain step us\n");
  for (std::uint32_t repetition = 0; repetition < sizes.repetitions; ++repetition) {
    for (const Shape shape : shapes) {
      const bench::Job job = job_of(shape, sizes);
      bench::JobScheduler scheduler(transport, job.graph, {++run}, false, job.kernel);
      const std::vector<std::uint64_t> values = scheduler.run();
      const double count = job.graph->task_count();
      std::uint64_t sum = 0;
      for (const std::uint64_t value : values) sum += value;
      const std::uint64_t expected = shape == Shape::map ? std::max(1u, sizes.map / 1024) : job.graph->task_count();
      if (sum != expected) {
        std::fprintf(stderr, "bench_empty_tasks: the answer is wrong: %llu instead of %llu\n",
                     static_cast<unsigned long long>(sum), static_cast<unsigned long long>(expected));
        return 1;
      }
      if (shape == Shape::map) map_rates.push_back(count / scheduler.seconds());
      if (shape == Shape::tree) tree_rates.push_back(count / scheduler.seconds());
      if (shape == Shape::chain) chain_steps_us.push_back(1e6 * scheduler.seconds() / count);
    }
    std::printf("# %u  %.0f  %.0f  %.2f\n", repetition, map_rates.back(), tree_rates.back(), chain_steps_us.back());
    std::fflush(stdout);
  }
  std::printf("tasks_per_second %.0f 1/s\n", median(map_rates));
  std::printf("tree_tasks_per_second %.0f 1/s\n", median(tree_rates));
  std::printf("chain_step_us %.2f us\n", median(chain_steps_us));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  transport::MpiSession session(argc, argv);
  Sizes sizes;
  bool understood = session.place().size >= 2;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    const auto value = static_cast<std::uint32_t>(std::strtoul(argv[i + 1], nullptr, 10));
    if (option == "--tasks") sizes.map = value;
    else if (option == "--tree") sizes.tree = value;
    else if (option == "--chain") sizes.chain = value;
    else if (option == "--repetitions") sizes.repetitions = value;
    else understood = false;
    understood = understood && value > 0;
  }
  if (!understood || sizes.map < 2) {
    if (session.place().rank == 0)
      std::fprintf(stderr, "usage: mpirun -n 2 bench_empty_tasks [--tasks N] [--tree N] [--chain N] [--repetitions R]\n");
    session.end(2, true);
  }
  const auto transport = transport::make_mpi_transport(session);
  int status = 0;
  if (session.place().rank == 0) {
    status = lead(*transport, sizes);
    for (int rank = 1; rank < transport->size(); ++rank) transport->send(rank, wire::encode({}, wire::Shutdown{}));
    while (!transport->idle()) transport->progress();
  } else {
    bench::serve_jobs(*transport, [&](std::uint32_t run) { return job_of(shapes[(run - 1) % 3], sizes); });
  }
  session.end(status, true);
}
