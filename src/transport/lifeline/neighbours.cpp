#include "transport/lifeline/neighbours.hpp"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace rankine::transport {
namespace {

/// "PID (NAME) STATE ..." of /proc/PID/stat: the state, and the start, which is field 22. The name may hold anything.
bool read_stat(std::int64_t pid, char& state, std::uint64_t& started) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(file, text, '\0')) return false;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream words(text.substr(name_end + 1));
  if (!(words >> state)) return false;
  constexpr int first_field = 3, start_field = 22;
  std::string word;
  for (int field = first_field; field < start_field; ++field)
    if (!(words >> word)) return false;
  started = std::stoull(word);
  return true;
}

void signal_if_same(const ProcessIdentity& process, int number) {
  if (state_of(process) != '\0') ::kill(static_cast<pid_t>(process.pid), number);
}

}  // namespace

ProcessIdentity identify(std::int64_t pid) {
  ProcessIdentity identity{pid, 0};
  char state = 0;
  if (pid <= 1 || !read_stat(pid, state, identity.started)) identity = {};
  return identity;
}

char state_of(const ProcessIdentity& process) {
  char state = 0;
  std::uint64_t started = 0;
  if (process.pid <= 1 || process.started == 0) return '\0';
  return read_stat(process.pid, state, started) && started == process.started ? state : '\0';
}

void wake(const ProcessIdentity& process) { signal_if_same(process, SIGCONT); }

void Neighbours::end(int rank) const {
  for (const Neighbour& one : list_) {
    if (one.rank != rank) continue;
    signal_if_same(one.process, SIGKILL);
    wake(one.supervisor);
  }
}

void Neighbours::end_stopped(int own) const {
  for (const Neighbour& one : list_) {
    if (one.rank == own) continue;
    if (state_of(one.process) == 'T') signal_if_same(one.process, SIGKILL);
    if (state_of(one.supervisor) == 'T') wake(one.supervisor);
  }
}

}  // namespace rankine::transport
