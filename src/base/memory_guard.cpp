#include "base/memory_guard.hpp"

#include <utility>

#include "base/prepaid_memory.hpp"

namespace rankine {
namespace {

MemoryGuard& guard_of_thread() {
  thread_local MemoryGuard guard;
  return guard;
}

// Apart from the guard, and trivial: asked for at every allocation of an array.
thread_local bool is_guarded = false;
thread_local int pauses = 0;
thread_local Bytes prepaid;

}  // namespace

MemoryGuard set_memory_guard(MemoryGuard guard) {
  is_guarded = static_cast<bool>(guard);
  return std::exchange(guard_of_thread(), std::move(guard));
}

void ask_memory(Bytes wanted) {
  if (!is_guarded || pauses != 0) return;
  const bool is_paid = wanted <= std::exchange(prepaid, Bytes{});
  guard_of_thread()(is_paid ? Bytes{} : wanted);
}

void note_prepaid(Bytes asked) { prepaid = asked; }

MemoryGuardPause::MemoryGuardPause() { ++pauses; }
MemoryGuardPause::~MemoryGuardPause() { --pauses; }

}  // namespace rankine
