#pragma once
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "grid/nd_array.hpp"

namespace rankine::store {

/// Decoded chunks that a box used only in part, kept so that the boxes beside it decode them only
/// once per process. Bounded; a chunk leaves when all its elements have been handed out, or as the
/// least recently used.
///
/// A thread that misses *claims* the chunk and must publish() or release() it. Others find it busy,
/// do their own work first and only then wait(): nobody waits while holding a claim, so no two
/// threads can wait for each other.
class ChunkCache {
 public:
  using Decoded = std::shared_ptr<const AlignedBytes>;
  enum class Answer { hit, claimed, busy };
  struct Lookup {
    Answer answer;
    Decoded chunk;  ///< for a hit
  };
  explicit ChunkCache(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

  bool holds_chunks_of(std::size_t bytes) const { return bytes <= limit_; }
  /// `used`: how many elements the caller will take of it.
  Lookup look_up(const std::string& key, std::int64_t used);
  /// Ends a claim; `unused`: elements that nobody has taken yet.
  void publish(const std::string& key, Decoded chunk, std::int64_t unused);
  void release(const std::string& key);
  /// Waits until no claim on `key` is left; null if the chunk is not there then.
  Decoded wait(const std::string& key, std::int64_t used);

 private:
  struct Entry {
    std::string key;
    Decoded chunk;
    std::int64_t unused;
  };
  Decoded take(const std::string& key, std::int64_t used);

  std::uint64_t limit_;
  std::uint64_t held_ = 0;
  std::mutex mutex_;
  std::condition_variable claim_ended_;
  std::list<Entry> recent_;  ///< most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::unordered_map<std::string, bool> claimed_;
};

}  // namespace rankine::store
