#include "transport/lifeline/job_hosts.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace rankine::transport {
namespace {

using Bits = std::array<unsigned char, 16>;

/// An address of a host and the length of its network's prefix.
struct Network {
  std::string address;
  int family = AF_INET;
  Bits bits{};
  unsigned prefix = 0;

  bool contains(const Network& other) const {
    if (family != other.family) return false;
    for (unsigned bit = 0; bit < prefix; ++bit) {
      const unsigned mask = 0x80u >> (bit % 8);
      if ((bits[bit / 8] & mask) != (other.bits[bit / 8] & mask)) return false;
    }
    return true;
  }
};

unsigned prefix_of(const sockaddr* mask) {
  unsigned count = 0;
  if (mask == nullptr) return 0;
  const auto* bytes = mask->sa_family == AF_INET
                          ? reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in*>(mask)->sin_addr)
                          : reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr);
  for (std::size_t i = 0; i < (mask->sa_family == AF_INET ? 4u : 16u); ++i) count += static_cast<unsigned>(std::popcount(bytes[i]));
  return count;
}

struct Host {
  std::string name;
  std::vector<Network> networks;
};

Host parse_host(const std::string& text) {
  std::istringstream words(text);
  Host host;
  words >> host.name;
  for (std::string word; words >> word;) {
    const std::size_t slash = word.find('/');
    if (slash == std::string::npos) continue;
    Network network;
    network.address = word.substr(0, slash);
    network.family = network.address.find(':') == std::string::npos ? AF_INET : AF_INET6;
    const int most = network.family == AF_INET ? 32 : 128;
    network.prefix = static_cast<unsigned>(std::clamp(std::atoi(word.c_str() + slash + 1), 0, most));
    if (::inet_pton(network.family, network.address.c_str(), network.bits.data()) == 1) host.networks.push_back(network);
  }
  return host;
}

}  // namespace

std::string describe_own_host() {
  char name[256] = "host";
  ::gethostname(name, sizeof name - 1);
  std::string text = name;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return text;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0 || (one->ifa_flags & IFF_UP) == 0) continue;
    char address[INET6_ADDRSTRLEN] = {};
    if (one->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, address, sizeof address);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const auto& bytes = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(&bytes)) ::inet_ntop(AF_INET6, &bytes, address, sizeof address);
    }
    if (address[0] != '\0') text += std::string(" ") + address + "/" + std::to_string(prefix_of(one->ifa_netmask));
  }
  ::freeifaddrs(all);
  return text;
}

std::vector<std::string> addresses_to_listen_on(const std::string& own, const std::vector<std::string>& all) {
  // Names alone would not do: machines that were copied may share theirs.
  if (std::all_of(all.begin(), all.end(), [&](const std::string& one) { return one == own; })) return {"127.0.0.1"};
  const Host here = parse_host(own);
  std::vector<std::string> distinct = all;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<Host> others;
  for (const auto& text : distinct)
    if (text != own) others.push_back(parse_host(text));
  std::vector<std::string> chosen;
  for (const Network& network : here.networks) {
    const bool reaches_all = network.prefix > 0 && std::all_of(others.begin(), others.end(), [&](const Host& other) {
      // An address that both have (a bridge of containers, say) leads nowhere but home.
      return std::any_of(other.networks.begin(), other.networks.end(), [&](const Network& theirs) {
        return network.contains(theirs) && theirs.address != network.address;
      });
    });
    if (reaches_all) chosen.push_back(network.address);
  }
  return chosen;
}

}  // namespace rankine::transport
