#pragma once
#include <string>

namespace rankine::runtime {

/// Loads a shared library and adds its kernels; every rank does this before the job begins. The library stays until
/// the process ends. Throws UsageError: cannot be loaded, is no plugin, its name is taken.
void load_plugin(const std::string& path);

/// From now on a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) inside a user kernel says first which kernel, which
/// task and which worker it was: "rankine: worker 2 crashed (SIGSEGV) in kernel 'heat.step', task heat.step (0, 3)".
/// What was to happen on the signal happens then.
void report_kernel_crashes(int rank);

}  // namespace rankine::runtime
