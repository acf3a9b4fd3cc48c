#pragma once
#include <functional>
#include <optional>
#include <string>

namespace rankine::transport {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Whether a launcher (mpirun, srun, hydra) started this process as a rank, told from the environment
/// before any MPI call: a plain `rankine run` must not call MPI_Init, which takes a fifth of a second and
/// may be forbidden on login nodes. The name of the variable that says so, or nothing.
/// A batch script's own shell has Slurm variables too, without being a rank: they are not enough.
std::optional<std::string> launched_as_rank(const Environment& environment);
std::optional<std::string> launched_as_rank();

/// How many processes a launcher says that it has started, of which this is one; 0: it says nothing.
int launched_size(const Environment& environment);
int launched_size();

/// This process is one of several that `srun` has started, but without telling MPI (no PMI, no PMIx): each would take itself
/// for the whole job. How many there are; 0: it is not so. Steps of one task, batch scripts and interactive shells are not
/// meant.
int tasks_without_mpi(const Environment& environment);
int tasks_without_mpi();

}  // namespace rankine::transport
