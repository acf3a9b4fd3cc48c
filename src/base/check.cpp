#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace rankine {

void check_failed(const char* file, int line, const char* condition, const char* message) noexcept {
  std::fprintf(stderr, "rankine: internal error at %s:%d: %s (%s)\n", file, line, message, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace rankine
