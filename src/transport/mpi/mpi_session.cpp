#include "transport/mpi/mpi_session.hpp"

#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "transport/mpi/launcher_sockets.hpp"
#include "transport/mpi/mpi_call.hpp"

namespace rankine::transport {
namespace {

RankPlace find_place(MPI_Comm comm, const ProcessIdentity& supervisor) {
  const auto doing = [] { return "finding out the ranks of this job"; };
  RankPlace place;
  check_mpi(MPI_Comm_rank(comm, &place.rank), doing);
  check_mpi(MPI_Comm_size(comm, &place.size), doing);
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  check_mpi(MPI_Get_processor_name(name, &length), doing);
  place.node_name.assign(name, static_cast<std::size_t>(length));

  MPI_Comm node = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, place.rank, MPI_INFO_NULL, &node), doing);
  check_mpi(MPI_Comm_rank(node, &place.local_rank), doing);
  check_mpi(MPI_Comm_size(node, &place.local_size), doing);

  cpu_set_t mask;
  CPU_ZERO(&mask);
  sched_getaffinity(0, sizeof(mask), &mask);
  std::vector<cpu_set_t> masks(static_cast<std::size_t>(place.local_size));
  check_mpi(MPI_Allgather(&mask, sizeof(mask), MPI_BYTE, masks.data(), sizeof(mask), MPI_BYTE, node), doing);
  place.ranks_sharing_mask = 0;
  for (const cpu_set_t& other : masks) place.ranks_sharing_mask += CPU_EQUAL(&other, &mask) ? 1 : 0;
  const Neighbour self{place.rank, identify(::getpid()), supervisor};
  place.neighbours.resize(masks.size());
  check_mpi(MPI_Allgather(&self, sizeof self, MPI_BYTE, place.neighbours.data(), sizeof self, MPI_BYTE, node), doing);
  MPI_Comm_free(&node);
  return place;
}

/// On one node Open MPI's own shared-memory layer is what it ends up with, but only after a fifth of a
/// second of looking for network cards. A choice that the user made (`mpirun --mca pml ...`, environment) stays.
void skip_network_search_on_one_node() {
  const char* local = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  const char* all = std::getenv("OMPI_COMM_WORLD_SIZE");
  if (local != nullptr && all != nullptr && std::strcmp(local, all) == 0) ::setenv("OMPI_MCA_pml", "ob1", 0);
}

void exchange_text(const StartExchange& exchange) {
  const auto doing = [] { return "telling every rank where rank 0 listens"; };
  int rank = 0, size = 1;
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank), doing);
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size), doing);
  // Messages of fixed size: further round trips would be further moments for a rank to be lost in.
  constexpr std::size_t about_bytes = 1024;
  std::vector<char> own(about_bytes, '\0'), all(rank == 0 ? about_bytes * static_cast<std::size_t>(size) : 0);
  exchange.about_this_rank.copy(own.data(), own.size() - 1);
  check_mpi(MPI_Gather(own.data(), about_bytes, MPI_BYTE, all.data(), about_bytes, MPI_BYTE, 0, MPI_COMM_WORLD), doing);
  std::vector<std::string> about;
  for (std::size_t at = 0; at < all.size(); at += about_bytes) about.emplace_back(all.data() + at);
  std::string text = rank == 0 && exchange.offer ? exchange.offer(about) : std::string();
  struct { char text[4096]; std::uint64_t shared_bytes; } fixed{};
  text.copy(fixed.text, sizeof fixed.text - 1);
  if (rank == 0 && exchange.shared != nullptr) fixed.shared_bytes = exchange.shared->size();
  check_mpi(MPI_Bcast(&fixed, sizeof fixed, MPI_BYTE, 0, MPI_COMM_WORLD), doing);
  fixed.text[sizeof fixed.text - 1] = '\0';
  exchange.take(rank, fixed.text);
  if (fixed.shared_bytes == 0) return;
  std::string shared = rank == 0 ? *exchange.shared : std::string(fixed.shared_bytes, '\0');
  check_mpi(MPI_Bcast(shared.data(), static_cast<int>(shared.size()), MPI_BYTE, 0, MPI_COMM_WORLD), doing);
  if (exchange.shared != nullptr) *exchange.shared = std::move(shared);
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv, const StartExchange& exchange) {
  skip_network_search_on_one_node();
  int provided = MPI_THREAD_SINGLE;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), [] { return "starting"; });
  send_small_messages_at_once();
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (provided < MPI_THREAD_FUNNELED) {
    throw TransportError("this MPI library has no MPI_THREAD_FUNNELED, which worker threads need");
  }
  if (exchange.take) exchange_text(exchange);
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), [] { return "making a communicator"; });
  MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  place_ = find_place(comm_, exchange.supervisor);
}

MpiSession::~MpiSession() {
  if (abandoned_) return;
  MPI_Comm_free(&comm_);
  MPI_Finalize();
}

namespace {

/// Whether every rank has come here, within `longest`.
bool all_come(MPI_Comm comm, std::chrono::milliseconds longest) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (MPI_Ibarrier(comm, &request) != MPI_SUCCESS) return false;
  const auto begin = std::chrono::steady_clock::now();
  for (int done = 0;;) {
    if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return false;
    if (done != 0) return true;
    if (std::chrono::steady_clock::now() - begin > longest) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

}  // namespace

void MpiSession::end(int exit_code, bool orderly, const WhenStuck& when_stuck) {
  static constexpr int finalize_grace_ms = 10'000, stuck_ms = 2000;
  std::fflush(nullptr);
  const auto leave = [this](int code) {
    on_leave_(code);
    ::_exit(code);
  };
  if (!orderly || abandoned_) leave(exit_code);
  // In MPI_Finalize all ranks meet in the launcher's own process (PMIx), and Open MPI 4's may crash or stand still when ranks that
  // wait there leave: so they meet here first, and nobody goes on alone.
  const auto leave_stuck = [&] { leave(when_stuck ? when_stuck(stuck_ms) : exit_code); };
  if (!all_come(comm_, std::chrono::milliseconds(finalize_grace_ms))) leave_stuck();
  std::thread([leave_stuck] {
    std::this_thread::sleep_for(std::chrono::milliseconds(finalize_grace_ms));
    leave_stuck();
  }).detach();
  MPI_Comm_free(&comm_);
  MPI_Finalize();
  leave(exit_code);
  ::_exit(exit_code);
}

}  // namespace rankine::transport
