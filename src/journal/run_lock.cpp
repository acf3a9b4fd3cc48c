#include "journal/run_lock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <sstream>
#include <thread>

#include "base/error.hpp"

namespace rankine::journal {
namespace {

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::string text_of(const LockOwner& owner) {
  std::ostringstream text;
  text << "host " << owner.host << "\npid " << owner.pid << "\nbeat " << owner.beat << "\njob " << owner.job << "\n";
  return text.str();
}

std::optional<LockOwner> parse_owner(const std::string& text) {
  std::istringstream in(text);
  LockOwner owner;
  std::string word;
  if (!(in >> word) || word != "host" || !(in >> owner.host)) return std::nullopt;
  if (!(in >> word) || word != "pid" || !(in >> owner.pid)) return std::nullopt;
  if (!(in >> word) || word != "beat" || !(in >> owner.beat)) return std::nullopt;
  in >> word >> std::ws;
  std::getline(in, owner.job);
  return owner;
}

std::string read_text(int descriptor) {
  char buffer[1024];
  const ssize_t got = ::pread(descriptor, buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

bool is_named(int descriptor, const std::string& path) {
  struct stat open_file{}, named_file{};
  return ::fstat(descriptor, &open_file) == 0 && ::stat(path.c_str(), &named_file) == 0 &&
         open_file.st_ino == named_file.st_ino && open_file.st_dev == named_file.st_dev;
}

[[noreturn]] void refuse(const std::string& directory, const std::optional<LockOwner>& owner) {
  throw InUse("the run directory " + directory + " is in use by " + (owner ? describe(*owner) : "another run") +
              "; wait for it, or name another directory by --run-dir");
}

}  // namespace

std::string batch_job() {
  // Slurm first: its wrappers set variables of other batch systems too.
  const std::pair<const char*, const char*> kinds[] = {
      {"SLURM_JOB_ID", "slurm"}, {"PBS_JOBID", "pbs"}, {"LSB_JOBID", "lsf"}, {"JOB_ID", "sge"}};
  for (const auto& [variable, name] : kinds)
    if (const char* id = std::getenv(variable); id != nullptr && *id != '\0') return std::string(name) + " " + id;
  return "";
}

std::string describe(const LockOwner& owner) {
  return "process " + std::to_string(owner.pid) + " on " + owner.host + (owner.job.empty() ? "" : " (job " + owner.job + ")");
}

std::optional<LastOwner> last_owner(const std::string& directory) {
  const int descriptor = ::open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  const std::optional<LockOwner> owner = parse_owner(read_text(descriptor));
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool asked = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
  ::close(descriptor);
  if (!owner) return std::nullopt;
  using State = LastOwner::State;
  if (asked && lock.l_type != F_UNLCK) return LastOwner{*owner, State::lives};
  if (owner->host != host_name()) return LastOwner{*owner, State::elsewhere};
  // Without locks of the file system the process is asked for.
  const bool lives = !asked && ::kill(static_cast<pid_t>(owner->pid), 0) == 0;
  return LastOwner{*owner, lives ? State::lives : State::died};
}

RunLock::RunLock(const std::string& directory, Timing timing) : path_(directory + "/lock") {
  std::optional<std::uint64_t> watched_beat;
  unsigned watched_ms = 0;
  for (;;) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0) throw OutputError("cannot lock the run directory " + directory + ": " + std::strerror(errno));
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    // Locks of an open file, not of a process: a second one in the same process is refused as well.
    const bool locked = ::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0;
    const bool held = !locked && (errno == EAGAIN || errno == EACCES);
    const std::optional<LockOwner> owner = parse_owner(read_text(descriptor_));
    const bool elsewhere = owner && owner->host != host_name();
    // Without locks of the file system the process is asked for.
    const bool alive_here = !locked && owner && !elsewhere && ::kill(static_cast<pid_t>(owner->pid), 0) == 0;
    const bool beats = elsewhere && watched_beat && *watched_beat != owner->beat;
    if (held || alive_here || beats) {
      ::close(descriptor_);
      refuse(directory, owner);
    }
    const bool watching = elsewhere && watched_ms < timing.watch_ms;
    if (!watching && is_named(descriptor_, path_)) break;
    // To be watched; or its last owner removed the file between open and lock: a lock on it is worth nothing.
    ::close(descriptor_);
    if (!watching) continue;
    watched_beat = owner->beat;
    std::this_thread::sleep_for(std::chrono::milliseconds(timing.look_ms));
    watched_ms += timing.look_ms;
  }
  owner_.host = host_name();
  owner_.pid = ::getpid();
  owner_.job = batch_job();
  beat();
}

RunLock::~RunLock() {
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

void RunLock::beat() {
  ++owner_.beat;
  const std::string text = text_of(owner_);
  // What cannot be written (a full disk) does not end a run that holds the lock.
  if (::pwrite(descriptor_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    static_cast<void>(::ftruncate(descriptor_, static_cast<off_t>(text.size())) == 0);
}

}  // namespace rankine::journal
