#include "transport/launch.hpp"

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

std::optional<std::string> launched_as_rank() {
  return launched_as_rank([](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  });
}

}  // namespace rankine::transport
