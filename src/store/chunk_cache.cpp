#include "store/chunk_cache.hpp"

namespace rankine::store {

ChunkCache::Decoded ChunkCache::take(const std::string& key, std::int64_t used) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  Decoded chunk = entry->chunk;
  entry->unused -= used;
  if (entry->unused <= 0) {
    held_ -= chunk->size();
    by_key_.erase(found);
    recent_.erase(entry);
  } else {
    recent_.splice(recent_.begin(), recent_, entry);
  }
  return chunk;
}

ChunkCache::Lookup ChunkCache::look_up(const std::string& key, std::int64_t used) {
  const std::lock_guard lock(mutex_);
  if (Decoded chunk = take(key, used)) return {Answer::hit, std::move(chunk)};
  const bool is_new = claimed_.emplace(key, true).second;
  return {is_new ? Answer::claimed : Answer::busy, nullptr};
}

void ChunkCache::publish(const std::string& key, Decoded chunk, std::int64_t unused) {
  std::list<Entry> leaving;  // freed after the lock is given back
  {
    const std::lock_guard lock(mutex_);
    claimed_.erase(key);
    if (unused > 0 && chunk->size() <= limit_ && by_key_.count(key) == 0) {
      held_ += chunk->size();
      recent_.push_front({key, std::move(chunk), unused});
      by_key_[key] = recent_.begin();
      while (held_ > limit_) {
        held_ -= recent_.back().chunk->size();
        by_key_.erase(recent_.back().key);
        leaving.splice(leaving.begin(), recent_, std::prev(recent_.end()));
      }
    }
  }
  claim_ended_.notify_all();
}

void ChunkCache::release(const std::string& key) {
  {
    const std::lock_guard lock(mutex_);
    claimed_.erase(key);
  }
  claim_ended_.notify_all();
}

ChunkCache::Decoded ChunkCache::wait(const std::string& key, std::int64_t used) {
  std::unique_lock lock(mutex_);
  claim_ended_.wait(lock, [&] { return claimed_.count(key) == 0; });
  return take(key, used);
}

}  // namespace rankine::store
