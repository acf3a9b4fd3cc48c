#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/run_records.hpp"

namespace rankine::runtime {

/// What earlier jobs did of a run of calls, as the journal tells.
class SavedCalls {
 public:
  /// A later record of a call replaces an earlier one.
  void add(const journal::CallsRecord& record);
  bool is_empty() const { return done_.empty(); }
  std::size_t done_count() const { return done_.size(); }
  std::size_t saved_count() const { return places_.size(); }
  std::uint64_t saved_bytes() const;

  /// It has finished in an earlier job.
  bool is_done(const journal::CallKey& key) const { return done_.contains(key); }
  /// The arguments of the call that loads its result (load_saved_call); nothing if it was not saved.
  std::optional<std::vector<std::byte>> place_of(const journal::CallKey& key) const;
  /// The key of a saved call that is equal to this one, given out once each; `key` itself if there is none. For calls of
  /// calls: which of several equal ones comes first may differ from job to job.
  journal::CallKey take_equal(const journal::CallKey& key);

 private:
  struct Place {
    std::uint32_t file = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint32_t crc32c = 0;
  };
  std::vector<std::string> files_;
  std::unordered_map<journal::CallKey, Place, journal::CallKeyHash> places_;
  std::unordered_set<journal::CallKey, journal::CallKeyHash> done_;
  std::unordered_map<std::uint64_t, std::vector<journal::CallKey>> untaken_;   ///< saved ones by the first half of the key
};

/// On the rank that takes the result over. Throws InputError naming the file if it cannot be read or is not what was written.
std::vector<std::byte> load_saved_call(std::span<const std::byte> arguments);

}  // namespace rankine::runtime
