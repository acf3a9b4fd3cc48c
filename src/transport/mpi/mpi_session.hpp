#pragma once
#include <mpi.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "transport/lifeline/lifelines.hpp"
#include "transport/lifeline/neighbours.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

/// Where this rank is in the job.
struct RankPlace {
  int rank = 0;
  int size = 1;
  std::string node_name;
  int local_rank = 0;          ///< among the ranks of this node
  int local_size = 1;
  int ranks_sharing_mask = 1;  ///< ranks of this node with the same affinity mask, this one included
  std::vector<Neighbour> neighbours;  ///< the ranks of this node, this one included
};

/// A text that rank 0 gives to every rank as early as that is possible: where its supervisors' lifelines are. It is made of
/// what every rank says of itself.
struct StartExchange {
  std::string about_this_rank;                                                  ///< on every rank; 1 KiB at most
  std::function<std::string(const std::vector<std::string>& about)> offer;      ///< on rank 0; by rank
  std::function<void(int rank, const std::string& text)> take;                  ///< on every rank
  /// On rank 0, what every rank is to know besides: mostly nothing. The other ranks find it here afterwards.
  std::string* shared = nullptr;
  ProcessIdentity supervisor;                                                   ///< for RankPlace::neighbours
};

/// MPI from MPI_Init to MPI_Finalize, with a communicator of its own whose errors are exceptions.
/// Made and used by the communication thread (MPI_THREAD_FUNNELED). The only collectives of a run happen
/// in the constructor. Throws TransportError with MPI's text.
class MpiSession {
 public:
  MpiSession(int& argc, char**& argv, const StartExchange& exchange = {});
  /// Finalizes unless end() or abandon() was called.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  const RankPlace& place() const { return place_; }
  MPI_Comm comm() const { return comm_; }

  /// After this the destructor leaves MPI alone: for a run that lost a rank, where MPI_Finalize may hang.
  void abandon() { abandoned_ = true; }

  /// Called when MPI_Finalize does not come back, so that somebody is not there; has so long for what it does, and gives
  /// the exit code to leave with.
  using WhenStuck = std::function<int(int longest_ms)>;
  /// Ends this process with `exit_code`. `orderly`: every rank is alive and calls this, so MPI_Finalize is
  /// tried, with a watchdog that ends the process after `finalize_grace_ms` if it hangs. Otherwise leaves at once
  /// without MPI_Finalize, and the launcher ends ranks that are still there. Flushes stdio. Destructors
  /// of objects on the stack do not run.
  [[noreturn]] void end(int exit_code, bool orderly, const WhenStuck& when_stuck = {});
  /// Called by end() last of all.
  void on_leave(std::function<void(int status)> act) { on_leave_ = std::move(act); }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
  RankPlace place_;
  bool abandoned_ = false;
  std::function<void(int)> on_leave_ = [](int) {};
};

struct MpiTransportOptions {
  /// MPI counts are int, and very large messages are where MPI libraries have bugs: longer frames go in pieces.
  std::size_t piece_bytes = std::size_t{1} << 30;
  /// Matched receives that have not completed; bounds memory that peers can make this rank allocate.
  std::size_t receives_in_flight = 64;
  /// Counted up around calls into MPI, for a watchdog; null: by nobody.
  std::shared_ptr<CallMark> mark = nullptr;
};

/// Frames over MPI point-to-point messages: MPI_Isend with owned buffers, MPI_Improbe and MPI_Imrecv.
/// `session` must outlive it. Requests that are pending when it is destroyed (a lost peer) are
/// abandoned together with their buffers: MPI may still write to them.
std::unique_ptr<Transport> make_mpi_transport(MpiSession& session, MpiTransportOptions options = {});

}  // namespace rankine::transport
