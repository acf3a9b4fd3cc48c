#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace rankine {

/// A task of one plan: layer base plus the C-order index of its block. Dense from 0.
struct TaskId {
  std::uint32_t value = 0;
  auto operator<=>(const TaskId&) const = default;
};

/// A layer of one plan, dense from 0 in topological order (inputs before readers).
struct LayerId {
  std::uint32_t value = 0;
  auto operator<=>(const LayerId&) const = default;
};

/// A worker. Equal to the MPI rank that hosts it.
struct WorkerId {
  std::uint32_t value = 0;
  auto operator<=>(const WorkerId&) const = default;
};

/// Tasks of one pin group must all run on the same worker (the owner of an output file). 0: none.
struct PinGroup {
  std::uint32_t value = 0;
  auto operator<=>(const PinGroup&) const = default;
};

/// The rank that schedules, and talks to the user.
inline constexpr int scheduler_rank = 0;

}  // namespace rankine

template <>
struct std::hash<rankine::TaskId> {
  std::size_t operator()(rankine::TaskId id) const noexcept { return id.value; }
};
template <>
struct std::hash<rankine::WorkerId> {
  std::size_t operator()(rankine::WorkerId id) const noexcept { return id.value; }
};
