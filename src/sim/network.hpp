#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"

namespace rankine::sim {

/// Transfers between workers that share their network ports max-min fairly: no transfer could be faster without
/// slowing down one that is no faster (Bertsekas and Gallager, Data Networks, 6.5.2). Every worker has one port out
/// and one in. When a transfer begins or ends, the rates of those that are connected to it through shared ports are
/// found anew by progressive filling; the others keep theirs.
class Network {
 public:
  Network(std::uint32_t worker_limit, double bytes_per_us) : bytes_per_us_(bytes_per_us), ports_(2 * std::size_t{worker_limit}) {}

  struct Ending {
    Instant at;
    std::uint32_t transfer = 0;
    std::uint32_t version = 0;
  };
  /// Begins a transfer; its number may be one of an ended transfer. Appends when it, and others whose rate has
  /// changed, will end now; earlier endings of the same transfer are void.
  std::uint32_t begin(Instant now, WorkerId from, WorkerId to, Bytes bytes, std::vector<Ending>& endings);
  /// False if the ending is void. Else the transfer is over.
  bool end(const Ending& ending, std::vector<Ending>& endings);
  /// Bytes per microsecond of a transfer under way.
  double rate(std::uint32_t transfer) const { return transfers_[transfer].rate; }
  std::uint32_t active_count() const { return active_; }

 private:
  struct Transfer {
    std::uint32_t out_port = 0, in_port = 0;
    double left_bytes = 0;
    double rate = 0;
    Instant since;
    std::uint32_t version = 0;
    bool active = false;
    bool seen = false;
    bool fixed = false;
  };
  struct Port {
    std::vector<std::uint32_t> transfers;
    bool seen = false;
    double left = 0;            ///< capacity not given away yet
    std::uint32_t unfixed = 0;
  };
  void share(Instant now, std::uint32_t out_port, std::uint32_t in_port, std::vector<Ending>& endings);
  void collect(std::uint32_t port);

  double bytes_per_us_;
  std::vector<Port> ports_;
  std::vector<Transfer> transfers_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> component_ports_, component_;
  std::uint32_t active_ = 0;
};

}  // namespace rankine::sim
