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

constexpr const char* lock_name = "lock";

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

bool is_named(int descriptor, const place::OwnDirectory& directory) {
  const place::Descriptor named = directory.open_file(lock_name, O_RDONLY);
  struct stat open_file{}, named_file{};
  return named && ::fstat(descriptor, &open_file) == 0 && ::fstat(named.number(), &named_file) == 0 &&
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

LockOwner this_process() { return {host_name(), ::getpid(), batch_job(), 0}; }

std::optional<LastOwner> last_owner(const std::string& directory) {
  const auto own = place::OwnDirectory::open(directory, "the run directory");
  if (!own) return std::nullopt;
  const place::Descriptor file = own->open_file(lock_name, O_RDONLY);
  if (!file) return std::nullopt;
  const std::optional<LockOwner> owner = parse_owner(read_text(file.number()));
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool asked = ::fcntl(file.number(), F_OFD_GETLK, &lock) == 0;
  if (!owner) return std::nullopt;
  using State = LastOwner::State;
  if (asked && lock.l_type != F_UNLCK) return LastOwner{*owner, State::lives};
  if (owner->host != host_name()) return LastOwner{*owner, State::elsewhere};
  // Without locks of the file system the process is asked for.
  const bool lives = !asked && ::kill(static_cast<pid_t>(owner->pid), 0) == 0;
  return LastOwner{*owner, lives ? State::lives : State::died};
}

RunLock::RunLock(const place::OwnDirectory& directory, Timing timing) : directory_(directory) {
  std::optional<std::uint64_t> watched_beat;
  unsigned watched_ms = 0;
  for (;;) {
    file_ = directory_.open_or_make_file(lock_name, O_RDWR);
    if (!file_) throw OutputError("cannot lock the run directory " + directory_.path() + ": " + std::strerror(errno));
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    // Locks of an open file, not of a process: a second one in the same process is refused as well.
    const bool locked = ::fcntl(file_.number(), F_OFD_SETLK, &lock) == 0;
    const bool held = !locked && (errno == EAGAIN || errno == EACCES);
    const std::optional<LockOwner> owner = parse_owner(read_text(file_.number()));
    const bool elsewhere = owner && owner->host != host_name();
    // Without locks of the file system the process is asked for.
    const bool alive_here = !locked && owner && !elsewhere && ::kill(static_cast<pid_t>(owner->pid), 0) == 0;
    const bool beats = elsewhere && watched_beat && *watched_beat != owner->beat;
    if (held || alive_here || beats) refuse(directory_.path(), owner);
    const bool watching = elsewhere && watched_ms < timing.watch_ms;
    if (!watching && is_named(file_.number(), directory_)) break;
    // To be watched; or its last owner removed the file between open and lock: a lock on it is worth nothing.
    file_ = place::Descriptor();
    if (!watching) continue;
    watched_beat = owner->beat;
    std::this_thread::sleep_for(std::chrono::milliseconds(timing.look_ms));
    watched_ms += timing.look_ms;
  }
  owner_ = this_process();
  beat();
}

RunLock::~RunLock() { directory_.remove(lock_name); }

void RunLock::beat() {
  ++owner_.beat;
  const std::string text = text_of(owner_);
  // What cannot be written (a full disk) does not end a run that holds the lock.
  if (::pwrite(file_.number(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()))
    static_cast<void>(::ftruncate(file_.number(), static_cast<off_t>(text.size())) == 0);
}

}  // namespace rankine::journal
