#include "runtime/faulty_places.hpp"

#include <algorithm>

namespace rankine::runtime {

const std::string& FaultyPlaces::node_of(int rank) const {
  static const std::string unknown;
  for (const Place& place : places_)
    if (place.rank == rank) return place.node;
  return unknown;
}

void FaultyPlaces::failed(TaskId task, int rank, const std::string& message) {
  if (after_ != 0) failed_[task][rank] = message;
}

FaultyPlaces::Verdict FaultyPlaces::succeeded(TaskId task, int rank) {
  const auto known = failed_.find(task);
  if (known == failed_.end()) return {};
  const auto failures = std::move(known->second);
  failed_.erase(known);
  if (failures.contains(rank)) return {};  // here too: the fault comes and goes, it is of no place
  const std::string& sound_node = node_of(rank);
  sound_nodes_.insert(sound_node);
  std::set<std::string> nodes_counted;
  for (const auto& [failed_rank, message] : failures) {
    ++refuted_[failed_rank];
    const std::string& node = node_of(failed_rank);
    if (node == sound_node) continue;
    if (nodes_counted.insert(node).second) ++refuted_nodes_[node];
    refuted_ranks_[node].insert(failed_rank);
  }
  for (const auto& [failed_rank, message] : failures) {
    const std::string& node = node_of(failed_rank);
    if (!node.empty() && refuted_nodes_[node] >= after_ && refuted_ranks_[node].size() >= 2 && !sound_nodes_.contains(node)) {
      Verdict verdict{{}, node, message, refuted_nodes_[node]};
      for (const Place& place : places_)
        if (place.node == node && named_.insert(place.rank).second) verdict.ranks.push_back(place.rank);
      if (!verdict.ranks.empty()) return verdict;
    }
    if (refuted_[failed_rank] >= after_ && named_.insert(failed_rank).second)
      return {{failed_rank}, "", message, refuted_[failed_rank]};
  }
  return {};
}

}  // namespace rankine::runtime
