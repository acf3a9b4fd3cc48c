#include "store/early_writeback.hpp"

#include <fcntl.h>

namespace rankine::store {

void begin_writeback(int descriptor, std::uint64_t begin, std::uint64_t end) noexcept {
#ifdef SYNC_FILE_RANGE_WRITE
  if (descriptor >= 0 && begin < end)
    ::sync_file_range(descriptor, static_cast<off64_t>(begin), static_cast<off64_t>(end - begin), SYNC_FILE_RANGE_WRITE);
#else
  static_cast<void>(descriptor), static_cast<void>(begin), static_cast<void>(end);
#endif
}

}  // namespace rankine::store
