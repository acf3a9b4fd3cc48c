#pragma once

namespace rankine::kernel {

/// The hot loops are compiled twice, for any x86-64 and for AVX2, from the same .inl files; the choice
/// is made when a kernel is looked up. GCC's target_clones would do the same through ifuncs, but
/// their resolvers run before the sanitizers' runtime is up.
#ifdef __x86_64__
inline bool machine_has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}
#endif

}  // namespace rankine::kernel
