#include "launch/build_facts.hpp"

#include <mpi.h>

#include <algorithm>

#include "cli/options.hpp"
#include "codec/library_versions.hpp"
#include "store/library_versions.hpp"

namespace rankine::launch {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "g++ " __VERSION__;
#else
  return "unknown";
#endif
}

}  // namespace

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  if (MPI_Get_library_version(text, &length) != MPI_SUCCESS) return "unknown";
  std::string version(text, static_cast<std::size_t>(length));
  while (!version.empty() && (version.back() == '\n' || version.back() == '\0')) version.pop_back();
  return version.substr(0, std::min(version.find('\n'), version.size()));
}

std::string build_facts() {
  std::string text = cli::version_text() + "\n";
  const auto add = [&](const std::string& name, const std::string& value) { text += "  " + name + std::string(name.size() < 11 ? 11 - name.size() : 1, ' ') + value + "\n"; };
  add("commit", RANKINE_COMMIT);
  add("compiler", compiler());
  add("MPI", mpi_version());
  for (const auto& [name, version] : store::library_versions()) add(name, version);
  for (const auto& [name, version] : codec::library_versions()) add(name, version);
  return text;
}

}  // namespace rankine::launch
