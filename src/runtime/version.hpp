#pragma once
namespace rankine::runtime {
/// All ranks of a job must run the same program.
inline constexpr const char* program_version = RANKINE_VERSION;
}  // namespace rankine::runtime
