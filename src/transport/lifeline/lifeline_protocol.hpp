#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rankine::transport {

/// How supervisors reach rank 0: its host's name and addresses, a port, and a number that only this job knows. Text, so
/// that it can be broadcast: "host port token address...".
struct LifelineAddress {
  std::string host;
  std::uint16_t port = 0;
  std::uint64_t token = 0;
  std::vector<std::string> addresses;  ///< numeric, IPv4 or IPv6
};
std::string to_text(const LifelineAddress& address);
/// Nothing if the text is no address (rank 0 has none).
std::optional<LifelineAddress> parse_lifeline_address(const std::string& text);

// What goes over a lifeline. Ranks of a job are of one kind of machine, as for MPI messages.

/// Supervisor -> rank 0, at first; rank 0 answers with the token.
struct LifelineHello {
  std::uint64_t token = 0;
  std::int32_t rank = -1;
  std::int32_t reserved = 0;
};
/// Supervisor -> rank 0: its rank has ended. `task_count` labels of what it ran follow. With `rank_0_given_up` for a status:
/// rank 0 was silent for too long, and this supervisor ends the job.
inline constexpr std::int32_t rank_0_given_up = -1;
struct DeathNote {
  std::int32_t wait_status = 0;
  std::uint32_t task_count = 0;
};
/// Rank 0 -> supervisor, one byte each: end the rank at once; rank 0 lives; rank 0 leaves in order, so that the end of the
/// line is none of a death.
inline constexpr char kill_order = 'K', sign_of_life = 'B', farewell = 'F';

/// Both ends find a cable that is cut or a node without power in about so long, by TCP's own probes.
inline constexpr int keepalive_idle_s = 5, keepalive_interval_s = 2, keepalive_probes = 5;
void set_lifeline_options(int socket);

/// By the steady clock.
std::int64_t now_ms();

}  // namespace rankine::transport
