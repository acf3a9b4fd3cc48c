#include "launch/script_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace rankine::launch {
namespace {

/// More is no script, whoever writes into the pipe.
constexpr std::size_t longest_script = std::size_t{16} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw Error(ExitCode::usage, "cannot read the script '" + path + "': " + why);
}

std::string read_all(int descriptor, const std::string& path) {
  std::string text;
  char part[65536];
  for (;;) {
    const ssize_t got = ::read(descriptor, part, sizeof part);
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, std::strerror(errno));
    text.append(part, static_cast<std::size_t>(got));
    if (text.size() > longest_script) fail(path, "it has more than 16 MiB");
  }
}

}  // namespace

ScriptFile read_script_file(const std::string& path, bool reads_streams) {
  const bool is_stdin = path == "-";
  ScriptFile script;
  script.name = is_stdin || path == "/dev/stdin" ? "<stdin>" : path;
  struct stat status {};
  const int looked = is_stdin ? ::fstat(STDIN_FILENO, &status) : ::stat(path.c_str(), &status);
  // What a shell hands over as /dev/fd/63 is there for the process that it starts alone: a launcher's ranks are others.
  const bool is_descriptor = is_stdin || path.starts_with("/dev/fd/") || path == "/dev/stdin" || path.starts_with("/proc/self/fd/");
  script.is_stream = is_descriptor || (looked == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)));
  if (script.is_stream && !reads_streams) return script;
  if (looked != 0)
    fail(path, std::strerror(errno) + std::string(is_descriptor ? "; launchers hand on the standard input alone: name the script '-'" : ""));
  if (S_ISDIR(status.st_mode)) fail(path, "it is a folder");
  if (S_ISSOCK(status.st_mode)) fail(path, "it is a socket");
  if (S_ISBLK(status.st_mode)) fail(path, "it is a block device");
  const int descriptor = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(path, std::strerror(errno));
  try {
    script.text = read_all(descriptor, path);
  } catch (...) {
    if (!is_stdin) ::close(descriptor);
    throw;
  }
  if (!is_stdin) ::close(descriptor);
  if (script.text->find('\0') != std::string::npos) fail(path, "it holds binary data, not Python");
  return script;
}

}  // namespace rankine::launch
