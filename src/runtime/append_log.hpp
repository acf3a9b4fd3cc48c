#pragma once
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "grid/shape.hpp"

namespace rankine::runtime {

/// What the owner of a file has appended to it and no checkpoint knows of yet: enough to find the bytes again, so that
/// a later job need not encode them again. Any number of threads.
class AppendLog {
 public:
  struct Entry {
    TaskId encoded;                 ///< the task whose output was appended
    std::vector<std::byte> head;    ///< of that output
    std::uint32_t crc32c = 0;       ///< of its payload
    std::uint32_t output = 0;
    std::uint32_t variable = 0;
    std::vector<Index> chunks;      ///< in the order of the payload
  };
  void add(Entry entry) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(entry));
  }
  std::vector<Entry> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(entries_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace rankine::runtime
