#pragma once
#include <string>
#include <vector>

namespace rankine::transport {

/// The host that this process is on and the networks that it is in, as text that ranks can tell each other:
/// "node3 10.79.0.3/24 fd00::3/64". Loopback and link-local addresses are left out.
std::string describe_own_host();

/// On which of its addresses a host should listen for processes of a job: loopback alone if all are on it; else those whose
/// network every other host of the job is in too. Empty: on all, for nothing better is known.
/// All texts are of describe_own_host().
std::vector<std::string> addresses_to_listen_on(const std::string& own, const std::vector<std::string>& all);

}  // namespace rankine::transport
