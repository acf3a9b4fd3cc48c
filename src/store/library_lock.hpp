#pragma once
#include <mutex>

namespace rankine::store {

/// libhdf5 and libnetcdf as Debian builds them are not thread safe: every call into either of them
/// is made under this one lock of the process. Recursive, so that a catalogue may read strings
/// through the library path while it holds it.
std::recursive_mutex& library_mutex();

struct LibraryLock {
  std::lock_guard<std::recursive_mutex> guard{library_mutex()};
};

}  // namespace rankine::store
