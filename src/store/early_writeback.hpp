#pragma once
#include <cstdint>

namespace rankine::store {

/// Bytes that a file waits for before the system is asked to put them on the disk: enough for a large request, little
/// enough that closing has little left to do.
constexpr std::uint64_t writeback_step_bytes = std::uint64_t{8} << 20;

/// The system begins to put bytes [begin, end) on the disk, and the caller goes on: what is written at the end of a run,
/// where an output must be safe before it gets its name, was then written while others still computed. A hint: where the
/// system does not take it, nothing is lost but time.
void begin_writeback(int descriptor, std::uint64_t begin, std::uint64_t end) noexcept;

/// Writeback of a file that grows at its end.
class GrowingWriteback {
 public:
  /// All below `end` has been written. Asks once a step.
  void written_up_to(int descriptor, std::uint64_t end) noexcept {
    if (end < begun_ + writeback_step_bytes) return;
    begin_writeback(descriptor, begun_, end);
    begun_ = end;
  }

 private:
  std::uint64_t begun_ = 0;
};

}  // namespace rankine::store
