/// Run by mpirun at several sizes. Every rank plays every test with the others; a failure on any rank
/// is an exit status of 1. Small pieces make frames of several pieces without gigabytes.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "exec/clock.hpp"
#include "exec/notifier.hpp"
#include "transport/backoff.hpp"
#include "transport/launch.hpp"
#include "transport/mpi/mpi_session.hpp"

using namespace rankine;
using namespace rankine::transport;

namespace {

int failures = 0;
#define EXPECT(condition)                                                         \
  do {                                                                            \
    if (!(condition)) {                                                           \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                                 \
    }                                                                             \
  } while (false)

/// The bytes of frame `index` from rank `from` to rank `to`: any mix-up shows.
std::vector<std::byte> make_frame(int from, int to, int index, std::size_t piece_bytes) {
  const std::size_t sizes[] = {0, 1, 64, piece_bytes - 1, piece_bytes, piece_bytes + 1, 5 * piece_bytes, 3000};
  std::vector<std::byte> bytes(sizes[static_cast<std::size_t>(index + from + 3 * to) % 8]);
  std::uint32_t state = static_cast<std::uint32_t>(from * 7919 + to * 104729 + index * 31 + 1);
  for (std::byte& b : bytes) {
    state = state * 1664525u + 1013904223u;
    b = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

/// Every rank sends `count` frames to every rank, itself included, and gets them whole and in order.
void all_to_all(MpiSession& session, MpiTransportOptions options, int count) {
  const auto transport = make_mpi_transport(session, options);
  exec::Notifier wake;
  Backoff backoff(wake, transport->wakes_on_arrival());
  for (int index = 0; index < count; ++index) {
    for (int to = 0; to < transport->size(); ++to) {
      transport->send(to, make_frame(transport->rank(), to, index, options.piece_bytes));
    }
  }
  std::map<int, int> next;
  int left = count * transport->size();
  const Instant deadline{exec::now().ns + 60'000'000'000};
  while ((left > 0 || !transport->idle()) && exec::now() < deadline) {
    Frame frame;
    if (!transport->poll(frame)) {
      backoff.wait(deadline);
      continue;
    }
    backoff.reset();
    --left;
    const int index = next[frame.from]++;
    EXPECT(frame.bytes == make_frame(frame.from, transport->rank(), index, options.piece_bytes));
  }
  EXPECT(left == 0);
  EXPECT(transport->idle());
  EXPECT(transport->outgoing_bytes() == Bytes{});
  for (int from = 0; from < transport->size(); ++from) EXPECT(next[from] == count);
  MPI_Barrier(session.comm());  // the next test's frames must not mix with this one's
}

/// Connections that MPI keeps (to its launcher) must not wait for receipts: 40 ms at the end of every job.
void no_connection_collects_small_messages() {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.ss_family != AF_INET && peer.ss_family != AF_INET6) continue;
    int at_once = 0;
    size = sizeof at_once;
    EXPECT(::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &at_once, &size) == 0);
    EXPECT(at_once != 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  EXPECT(launched_as_rank().has_value());
  MpiSession session(argc, argv);
  const RankPlace& place = session.place();
  EXPECT(place.size == std::atoi(argc > 1 ? argv[1] : "1"));
  EXPECT(place.rank >= 0 && place.rank < place.size);
  EXPECT(place.local_size == place.size);
  EXPECT(place.ranks_sharing_mask >= 1 && place.ranks_sharing_mask <= place.local_size);
  EXPECT(!place.node_name.empty());

  no_connection_collects_small_messages();
  all_to_all(session, {}, 0);
  all_to_all(session, {.piece_bytes = 4096}, 50);
  all_to_all(session, {.piece_bytes = 100'000, .receives_in_flight = 1}, 30);
  all_to_all(session, {.piece_bytes = std::size_t{1} << 20}, 10);
  if (argc > 2) failures = std::atoi(argv[2]);  // to see that a status comes through
  session.end(failures == 0 ? 0 : 1, true);
}
