#include "runtime/script_memory.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "exec/resources.hpp"
#include "runtime/memory_need.hpp"

namespace rankine::runtime {

ScriptMemory::ScriptMemory(Limits limits) : limits_(limits) {
  const Bytes limit = limits.limit.value != 0 ? limits.limit : exec::default_memory_limit().limit;
  bound_ = memory_budget(limit, limits.program) + limits.program;
}

void ScriptMemory::measure() {
  measured_ = exec::current_rss();
  if (others_) measured_ -= std::min(measured_, others_());
  promised_ = {};
}

void ScriptMemory::ask(Bytes wanted) {
  // More than can be measured between two looks is added up; what has been given back meanwhile is found by measuring again.
  const Bytes slack = limits_.is_task ? Bytes{bound_.value / 4} : Bytes{};
  const auto fits = [&] {
    if (wanted > bound_) return false;
    return measured_ + promised_ + wanted <= bound_ + slack || (limits_.is_task && asked_ + wanted <= Bytes{bound_.value / 2});
  };
  constexpr Bytes between_looks{std::uint64_t{16} << 20};
  // A plan may have left a value here since the last look, for which nobody asked on this thread.
  constexpr Bytes large{std::uint64_t{1} << 20};
  if (wanted.value == 0 || wanted >= large || measured_.value == 0 || promised_ > between_looks || !fits()) measure();
  if (!fits()) {
    exec::give_back_freed_memory();
    measure();
  }
  if (!fits())
    throw Error(ExitCode::resources, format_bytes(wanted) + " more would be needed here, and of the " + format_bytes(bound_) +
                                         " that this rank may take (--memory-limit) " +
                                         format_bytes(bound_ - std::min(bound_, measured_)) +
                                         " are left: make less of it at once, or raise the limit");
  promised_ += wanted;
  asked_ += wanted;
}

Bytes ScriptMemory::held() {
  const auto beyond_program = [&] { return measured_ - std::min(measured_, limits_.program); };
  measure();
  // Giving back takes milliseconds, and a script may ask for value after value.
  if (beyond_program().value > bound_.value / 16) {
    exec::give_back_freed_memory();
    measure();
  }
  return beyond_program();
}

}  // namespace rankine::runtime
