#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"

namespace rankine::runtime {

/// Finds workers and nodes on which tasks fail that succeed elsewhere: a mount that is missing on one node, a disk, memory.
/// Pure. Only failures that another worker has refuted count, each task once a place, so a script whose tasks fail everywhere
/// accuses nobody.
class FaultyPlaces {
 public:
  struct Place {
    int rank = 0;
    std::string node;
  };
  struct Verdict {
    std::vector<int> ranks;       ///< not to be used any more; empty: nobody
    std::string node;             ///< the whole node is meant; empty: the one rank
    std::string message;          ///< of the last such failure
    std::uint32_t failures = 0;
  };

  /// `after`: refuted failures that are one too many; 0: never.
  FaultyPlaces(std::vector<Place> places, std::uint32_t after) : places_(std::move(places)), after_(after) {}

  bool is_idle() const { return failed_.empty(); }
  /// Another run begins: its tasks are others.
  void forget_tasks() { failed_.clear(); }
  void failed(TaskId task, int rank, const std::string& message);
  /// The task has succeeded at `rank`. A worker is named once; the node where two of its workers have been refuted by
  /// other nodes, and none of it has been a refuter.
  Verdict succeeded(TaskId task, int rank);

 private:
  const std::string& node_of(int rank) const;

  std::vector<Place> places_;
  std::uint32_t after_;
  std::map<TaskId, std::map<int, std::string>> failed_;    ///< by task and rank, with the message
  std::map<int, std::uint32_t> refuted_;                   ///< by rank, by anyone
  std::map<std::string, std::uint32_t> refuted_nodes_;     ///< by another node
  std::map<std::string, std::set<int>> refuted_ranks_;     ///< of a node, by another node
  std::set<std::string> sound_nodes_;                      ///< where a task has succeeded that failed elsewhere
  std::set<int> named_;
};

}  // namespace rankine::runtime
