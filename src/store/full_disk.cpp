#include "store/full_disk.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

namespace rankine::store {
namespace {

/// A write that finds no room costs a few system calls: looking twice a second bothers no server.
constexpr std::chrono::milliseconds look_again_after(500);

}  // namespace

bool tells_of_full_disk(const std::string& reason) {
  return reason.find(std::strerror(ENOSPC)) != std::string::npos || reason.find(std::strerror(EDQUOT)) != std::string::npos;
}

void throw_not_written(const std::string& what, const std::string& reason, const std::string& path,
                       std::uint64_t needed_bytes) {
  const std::string message = what + ": " + reason;
  if (tells_of_full_disk(reason)) throw DiskFullError(message, path, needed_bytes);
  throw OutputError(message);
}

void throw_not_written(const std::string& what, int error, const std::string& path, std::uint64_t needed_bytes) {
  throw_not_written(what, std::string(std::strerror(error)), path, needed_bytes);
}

std::uint64_t free_bytes(const std::string& path) {
  struct statvfs status {};
  std::string there = path;
  while (::statvfs(there.c_str(), &status) != 0) {
    const std::string parent = std::filesystem::path(there).parent_path().string();
    if (parent.empty() || parent == there) return 0;
    there = parent;
  }
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

void RoomWait::enable(std::function<void()> changed) {
  const std::lock_guard lock(mutex_);
  changed_ = std::move(changed);
  enabled_ = true;
}

void RoomWait::give_up() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  given_up_.notify_all();
}

void RoomWait::begin() {
  const std::lock_guard lock(mutex_);
  over_ = false;
}

RoomWait::Notice RoomWait::notice() const {
  const std::lock_guard lock(mutex_);
  return notice_;
}

bool RoomWait::may_wait() const {
  const std::lock_guard lock(mutex_);
  return enabled_ && !over_;
}

bool RoomWait::Waiting::wait(const DiskFullError& error) {
  std::unique_lock lock(room_.mutex_);
  if (!counted_) {
    counted_ = true;
    ++room_.notice_.waiting;
  }
  room_.notice_.path = output_;
  room_.notice_.needed_bytes = error.needed_bytes;
  room_.notice_.free_bytes = free_bytes(error.path);
  room_.changed_();
  return !room_.given_up_.wait_for(lock, look_again_after, [&] { return room_.over_; });
}

RoomWait::Waiting::~Waiting() {
  if (!counted_) return;
  const std::lock_guard lock(room_.mutex_);
  --room_.notice_.waiting;
  room_.changed_();
}

}  // namespace rankine::store
