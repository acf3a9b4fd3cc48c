#include "transport/lifeline/lifeline_protocol.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <sstream>

namespace rankine::transport {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string to_text(const LifelineAddress& address) {
  std::string text = address.host + " " + std::to_string(address.port) + " " + std::to_string(address.token);
  for (const auto& one : address.addresses) text += " " + one;
  return text;
}

std::optional<LifelineAddress> parse_lifeline_address(const std::string& text) {
  std::istringstream words(text);
  LifelineAddress address;
  if (!(words >> address.host >> address.port >> address.token)) return std::nullopt;
  for (std::string one; words >> one;) address.addresses.push_back(one);
  return address;
}

void set_lifeline_options(int socket) {
  const auto set = [&](int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
  set(IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
  set(IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 1000 * (keepalive_idle_s + keepalive_interval_s * keepalive_probes));
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

}  // namespace rankine::transport
