#pragma once

namespace rankine::exec {

/// For loops that wait for another thread for a moment: spares power and the core's other hardware thread.
inline void relax_core() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace rankine::exec
