#include "runtime/plugins.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "base/error.hpp"
#include "kernel/user_kernel.hpp"

namespace rankine::runtime {
namespace {

struct CrashSignal {
  int number;
  const char* name;
  struct sigaction before;
};
CrashSignal crash_signals[] = {
    {SIGSEGV, "SIGSEGV", {}}, {SIGBUS, "SIGBUS", {}}, {SIGFPE, "SIGFPE", {}}, {SIGILL, "SIGILL", {}}, {SIGABRT, "SIGABRT", {}}};
char crash_prefix[64] = "rankine: a worker crashed (";

void write_text(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nobody is left to be told
}

/// Only calls that are safe in a signal handler.
extern "C" void say_kernel_and_crash(int number) {
  const char* kernel = kernel::running_user_kernel();
  for (const CrashSignal& signal : crash_signals) {
    if (signal.number != number) continue;
    if (kernel != nullptr) {
      write_text(crash_prefix);
      write_text(signal.name);
      write_text(") in ");
      write_text(kernel);
      write_text("\n");
    }
    ::sigaction(number, &signal.before, nullptr);
  }
  ::raise(number);
}

}  // namespace

void load_plugin(const std::string& path) {
  // A name without a slash would be searched where the system keeps libraries, not here.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw UsageError("cannot load the plugin " + path + ": " + ::dlerror());
  void* entry = ::dlsym(library, RANKINE_PLUGIN_ENTRY);
  if (entry == nullptr)
    throw UsageError(path + " is no plugin of this version: it lacks the entry " RANKINE_PLUGIN_ENTRY
                     " that RANKINE_PLUGIN(name) of rankine/kernel.hpp defines");
  kernel::add_plugin(reinterpret_cast<rankine_plugin_entry>(entry), path);
}

void report_kernel_crashes(int rank) {
  std::snprintf(crash_prefix, sizeof crash_prefix, "rankine: worker %d crashed (", rank);
  for (CrashSignal& signal : crash_signals) {
    struct sigaction action{};
    action.sa_handler = say_kernel_and_crash;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_NODEFER;
    ::sigaction(signal.number, &action, &signal.before);
  }
}

}  // namespace rankine::runtime
