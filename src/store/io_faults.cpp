#include "store/io_faults.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

namespace rankine::store {
namespace {

std::function<int(IoCall, const std::string&)> rehearsal;
std::atomic<bool> rehearses{false};
std::function<void()> commit_rehearsal;

constexpr int most_tries = 5;
constexpr std::chrono::milliseconds first_wait(20);

/// Other threads that read from the descriptor meanwhile read from either.
void renew_handle(int descriptor, const std::string& path, const FileStamp& stamp) {
  const int fresh = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fresh < 0) return;
  struct stat status {};
  if (::fstat(fresh, &status) == 0 && stamp_of(status) == stamp) ::dup3(fresh, descriptor, O_CLOEXEC);
  ::close(fresh);
}

}  // namespace

void rehearse_io(std::function<int(IoCall, const std::string& path)> fault) {
  rehearsal = std::move(fault);
  rehearses.store(rehearsal != nullptr, std::memory_order_release);
}

int rehearsed_error(IoCall call, const std::string& path) {
  return rehearses.load(std::memory_order_acquire) ? rehearsal(call, path) : 0;
}

void rehearse_commits(std::function<void()> strike) { commit_rehearsal = std::move(strike); }

void pass_commit_step() {
  if (commit_rehearsal) commit_rehearsal();
}

bool is_passing(int error) {
  return error == EIO || error == ESTALE || error == ETIMEDOUT || error == EAGAIN || error == EREMOTEIO;
}

bool Retries::again(int error) {
  if (!is_passing(error) || ++failures_ == most_tries) return false;
  std::this_thread::sleep_for(first_wait * (1 << (2 * (failures_ - 1))));
  return true;
}

int stat_with_retries(const std::string& path, struct stat& status) {
  for (Retries retries;;) {
    int error = rehearsed_error(IoCall::list, path);
    if (error == 0 && ::stat(path.c_str(), &status) == 0) return 0;
    if (error == 0) error = errno;
    if (!retries.again(error)) return error;
  }
}

int open_with_retries(const std::string& path) {
  for (Retries retries;;) {
    int error = rehearsed_error(IoCall::open, path);
    if (error == 0) {
      const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (descriptor >= 0) return descriptor;
      error = errno;
    }
    if (error == EINTR || retries.again(error)) continue;
    errno = error;
    return -1;
  }
}

ssize_t read_with_retries(int descriptor, const std::string& path, const FileStamp& stamp, std::span<std::byte> out,
                          std::uint64_t offset) {
  for (Retries retries;;) {
    int error = rehearsed_error(IoCall::read, path);
    if (error == 0) {
      const ssize_t got = ::pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
      if (got >= 0) return got;
      error = errno;
    }
    if (error == EINTR) continue;
    if (!retries.again(error)) {
      errno = error;
      return -1;
    }
    if (error == ESTALE) renew_handle(descriptor, path, stamp);
  }
}

}  // namespace rankine::store
