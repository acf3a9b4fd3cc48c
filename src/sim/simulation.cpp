#include "sim/simulation.hpp"

#include <algorithm>

#include "sim/reference.hpp"
#include "sim/simulated_job.hpp"

namespace rankine::sim {

SimulationResult simulate(std::shared_ptr<const TaskGraph> graph, const SimulationOptions& options) {
  SimulationResult result;
  SafeProgress safe;
  const auto reference = std::make_shared<const std::vector<std::uint64_t>>(reference_hashes(*graph));
  SimulationOptions job_options = options;
  while (true) {
    ++result.jobs;
    const bool may_end = result.jobs < options.jobs;
    SimulatedJob job(graph, reference, job_options, safe, may_end, result);
    bool is_over = true;
    try {
      is_over = job.run();
    } catch (const Violation& violation) {
      result.error = violation.what();
    } catch (const Error& error) {
      result.error = error.what();
    }
    job.take_figures();
    if (is_over) return result;
    // On as many workers as there happen to be then.
    Prng prng(job_options.seed);
    job_options.seed = prng.next();
    job_options.worker_count = static_cast<std::uint32_t>(1 + prng.below(2 * options.worker_count));
    job_options.node_count = std::min(options.node_count, job_options.worker_count);
  }
}

}  // namespace rankine::sim
