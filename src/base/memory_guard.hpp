#pragma once
#include <functional>

#include "base/bytes.hpp"

namespace rankine {

/// Throws where a thread may not have so many bytes more.
using MemoryGuard = std::function<void(Bytes wanted)>;

/// What a script asks for is as large as it likes: its thread asks before it takes much memory at once, and before what
/// it builds piece by piece has grown by much. A thread without a guard may have all.
/// Gives the one that was set before.
MemoryGuard set_memory_guard(MemoryGuard guard);
void ask_memory(Bytes wanted);

/// Less than that is not asked for at once; what is built of many such pieces is asked for in between.
inline constexpr Bytes asked_at_once{std::uint64_t{64} << 10};

/// What grows piece by piece asks for what it has grown by, a step at a time.
class GrowingMemory {
 public:
  void add(std::uint64_t bytes) {
    grown_ += bytes;
    if (grown_ < step) return;
    ask_memory(Bytes{grown_});
    grown_ = 0;
  }
 private:
  static constexpr std::uint64_t step = std::uint64_t{1} << 20;
  std::uint64_t grown_ = 0;
};

/// While it lives nothing is asked: the memory that a plan's blocks take is kept account of by whoever runs it.
class MemoryGuardPause {
 public:
  MemoryGuardPause();
  ~MemoryGuardPause();
  MemoryGuardPause(const MemoryGuardPause&) = delete;
  MemoryGuardPause& operator=(const MemoryGuardPause&) = delete;
};

}  // namespace rankine
