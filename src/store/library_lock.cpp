#include "store/library_lock.hpp"

namespace rankine::store {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace rankine::store
