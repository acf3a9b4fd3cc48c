#include "sim/network.hpp"

#include <algorithm>
#include <cmath>

namespace rankine::sim {

std::uint32_t Network::begin(Instant now, WorkerId from, WorkerId to, Bytes bytes, std::vector<Ending>& endings) {
  std::uint32_t number;
  if (free_.empty()) {
    number = static_cast<std::uint32_t>(transfers_.size());
    transfers_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  Transfer& transfer = transfers_[number];
  transfer.out_port = 2 * from.value;
  transfer.in_port = 2 * to.value + 1;
  transfer.left_bytes = static_cast<double>(std::max<std::uint64_t>(1, bytes.value));
  transfer.rate = 0;
  transfer.since = now;
  transfer.active = true;
  ++active_;
  ports_[transfer.out_port].transfers.push_back(number);
  ports_[transfer.in_port].transfers.push_back(number);
  share(now, transfer.out_port, transfer.in_port, endings);
  return number;
}

bool Network::end(const Ending& ending, std::vector<Ending>& endings) {
  Transfer& transfer = transfers_[ending.transfer];
  if (!transfer.active || transfer.version != ending.version) return false;
  transfer.active = false;
  ++transfer.version;
  --active_;
  for (const std::uint32_t port : {transfer.out_port, transfer.in_port}) {
    auto& list = ports_[port].transfers;
    list.erase(std::find(list.begin(), list.end(), ending.transfer));
  }
  free_.push_back(ending.transfer);
  share(ending.at, transfer.out_port, transfer.in_port, endings);
  return true;
}

void Network::collect(std::uint32_t port) {
  if (ports_[port].seen) return;
  ports_[port].seen = true;
  component_ports_.push_back(port);
}

/// Progressive filling: the port with the least to give to each of its transfers fixes their rates first.
void Network::share(Instant now, std::uint32_t out_port, std::uint32_t in_port, std::vector<Ending>& endings) {
  component_.clear();
  component_ports_.clear();
  collect(out_port);
  collect(in_port);
  for (std::size_t next = 0; next < component_ports_.size(); ++next) {
    Port& port = ports_[component_ports_[next]];
    port.left = bytes_per_us_;
    port.unfixed = static_cast<std::uint32_t>(port.transfers.size());
    for (const std::uint32_t number : port.transfers) {
      Transfer& transfer = transfers_[number];
      if (transfer.seen) continue;
      transfer.seen = true;
      transfer.fixed = false;
      component_.push_back(number);
      collect(transfer.out_port);
      collect(transfer.in_port);
    }
  }
  std::size_t unfixed = component_.size();
  while (unfixed != 0) {
    std::uint32_t tightest = UINT32_MAX;
    double least = 0;
    for (const std::uint32_t number : component_ports_) {
      const Port& port = ports_[number];
      if (port.unfixed == 0) continue;
      const double each = port.left / port.unfixed;
      if (tightest == UINT32_MAX || each < least) {
        tightest = number;
        least = each;
      }
    }
    for (const std::uint32_t number : ports_[tightest].transfers) {
      Transfer& transfer = transfers_[number];
      if (transfer.fixed) continue;
      transfer.fixed = true;
      --unfixed;
      for (const std::uint32_t at : {transfer.out_port, transfer.in_port}) {
        ports_[at].left = std::max(0.0, ports_[at].left - least);
        --ports_[at].unfixed;
      }
      if (transfer.rate == least) continue;
      transfer.left_bytes =
          std::max(0.0, transfer.left_bytes - transfer.rate * static_cast<double>(now.ns - transfer.since.ns) * 1e-3);
      transfer.since = now;
      transfer.rate = least;
      ++transfer.version;
      endings.push_back({{now.ns + static_cast<std::int64_t>(std::ceil(1e3 * transfer.left_bytes / least))}, number, transfer.version});
    }
  }
  for (const std::uint32_t number : component_ports_) ports_[number].seen = false;
  for (const std::uint32_t number : component_) transfers_[number].seen = false;
}

}  // namespace rankine::sim
