#pragma once
#include <pthread.h>

#include <functional>
#include <stdexcept>

namespace rankine::testing {

/// Runs `body` on a thread with a stack of 256 KiB: what recurses as deep as an expression ends the test there.
/// `body` is let go on that thread, too, with all that it holds.
inline void on_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256u << 10);
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
