#include "transport/launch.hpp"

#include <algorithm>
#include <cstdlib>

namespace rankine::transport {

std::optional<std::string> launched_as_rank(const Environment& environment) {
  // Each is set in a rank's environment only: by Open MPI's mpirun, by every PMIx server (Open MPI 5,
  // srun --mpi=pmix), by hydra and srun --mpi=pmi2, by MVAPICH and by Intel's and Cray's launchers.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "PMI_ID",
                           "MV2_COMM_WORLD_RANK", "MPI_LOCALNRANKS", "PALS_RANKID", "ALPS_APP_PE"}) {
    if (environment(name)) return name;
  }
  return std::nullopt;
}

namespace {

std::optional<std::string> own_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

long long number_in(const Environment& environment, const char* name) {
  const auto text = environment(name);
  return text ? std::atoll(text->c_str()) : -1;
}

/// Of a step that `srun` was given a program for; 0 elsewhere. The numbers from 4294967290 on are Slurm's own: interactive
/// shells, batch scripts.
int tasks_of_slurm_step(const Environment& environment) {
  const long long step = number_in(environment, "SLURM_STEP_ID");
  if (step < 0 || step >= 4294967290LL) return 0;
  const long long tasks = number_in(environment, "SLURM_STEP_NUM_TASKS");
  return static_cast<int>(tasks >= 0 ? tasks : std::max(0LL, number_in(environment, "SLURM_NTASKS")));
}

}  // namespace

std::optional<std::string> launched_as_rank() { return launched_as_rank(own_environment); }

int launched_size(const Environment& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const long long size = number_in(environment, name); size > 0) return static_cast<int>(size);
  return tasks_of_slurm_step(environment);
}
int launched_size() { return launched_size(own_environment); }

int tasks_without_mpi(const Environment& environment) {
  if (launched_as_rank(environment)) return 0;
  const int tasks = tasks_of_slurm_step(environment);
  return tasks > 1 ? tasks : 0;
}
int tasks_without_mpi() { return tasks_without_mpi(own_environment); }

}  // namespace rankine::transport
