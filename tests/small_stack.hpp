#pragma once
#include <pthread.h>

#include <cstddef>
#include <functional>
#include <stdexcept>

namespace rankine::testing {

/// Frames are several times as large under the address sanitizer.
#ifdef __SANITIZE_ADDRESS__
inline constexpr std::size_t small_stack_bytes = std::size_t{2} << 20;
#else
inline constexpr std::size_t small_stack_bytes = std::size_t{256} << 10;
#endif

/// Runs `body` on a thread with a small stack: what recurses as deep as an expression ends the test there.
/// `body` is let go on that thread, too, with all that it holds.
inline void on_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, small_stack_bytes);
  auto* held = new std::function<void()>(std::move(body));
  pthread_t thread;
  const auto run = [](void* given) -> void* {
    auto* work = static_cast<std::function<void()>*>(given);
    (*work)();
    delete work;
    return nullptr;
  };
  if (pthread_create(&thread, &attributes, run, held) != 0) throw std::runtime_error("no thread");
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace rankine::testing
