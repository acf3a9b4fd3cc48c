#pragma once
#include <cstddef>
#include <cstdint>

namespace rankine::script {

/// Bounds recursion by what it really costs: bytes of machine stack since construction. 4 MiB leave
/// room in the 8 MiB that Linux gives the main thread, and are ten times what CPython's own limits allow.
class StackLimit {
 public:
  StackLimit() : base_(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))) {}
  bool exceeded() const {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    return (here < base_ ? base_ - here : here - base_) > limit_bytes;
  }

 private:
  static constexpr std::size_t limit_bytes = std::size_t{4} << 20;
  std::uintptr_t base_;
};

}  // namespace rankine::script
