#pragma once
#include <memory>
#include <vector>

#include "exec/notifier.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

/// Ranks inside one process, without MPI: one for `rankine run` without mpirun, several (each driven by
/// its own thread) in tests. `wake[r]` is rung when a frame arrives for rank r; the notifiers must
/// outlive the endpoints. Endpoints may be moved to their threads and outlive each other.
std::vector<std::unique_ptr<Transport>> make_loopback(const std::vector<exec::Notifier*>& wake);

/// One rank that can only talk to itself.
std::unique_ptr<Transport> make_loopback(exec::Notifier& wake);

}  // namespace rankine::transport
