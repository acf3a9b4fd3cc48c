#pragma once
/// RANKINE_CHECK(condition, message): an invariant only we can break; stays on in release.
/// Prints file, line, condition and message to standard error and aborts.
/// RANKINE_DEBUG_CHECK: the same inside hot loops, off in release (NDEBUG).
namespace rankine {
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* message) noexcept;
}
#define RANKINE_CHECK(condition, message) \
  ((condition) ? static_cast<void>(0)     \
               : ::rankine::check_failed(__FILE__, __LINE__, #condition, message))
#ifdef NDEBUG
#define RANKINE_DEBUG_CHECK(condition, message) static_cast<void>(0)
#else
#define RANKINE_DEBUG_CHECK(condition, message) RANKINE_CHECK(condition, message)
#endif
