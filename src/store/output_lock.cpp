#include "store/output_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "place/own_file.hpp"
#include "store/backends.hpp"

namespace rankine::store {
namespace {

using LockList = nlohmann::json;

/// Of the file's bytes the first is held by whoever reads or changes it, for a moment; the others by those that it lists.
constexpr int list_byte = 0;
constexpr int first_slot = 1;
/// Nobody holds the list longer than a few calls to the file system.
constexpr std::chrono::milliseconds ask_again_after(5);
constexpr int most_looks = 4000;
/// More runs than ever write to one output. What is longer or deeper than their list was not written by a run.
constexpr int most_slots = 4096;
constexpr off_t most_bytes = off_t{16} << 20;
constexpr int most_depth = 8;

/// Where an output is, whatever name it is given: links followed, and for a group of a Zarr store the store's root and the
/// group's path below it.
struct RealPlace {
  std::filesystem::path root;
  std::string below;   ///< "", or "/group/..."
};

RealPlace real_place(const std::string& output) {
  std::string path = output;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  RealPlace place;
  std::error_code error;
  place.root = std::filesystem::weakly_canonical(path, error);
  if (error) place.root = path;
  while (place.root.has_relative_path() && looks_like_zarr(place.root.parent_path().string())) {
    place.below = "/" + place.root.filename().string() + place.below;
    place.root = place.root.parent_path();
  }
  return place;
}

std::string lock_path(const RealPlace& place) {
  return (place.root.parent_path() / ("." + place.root.filename().string() + ".rankine-lock")).string();
}

struct flock lock_of(int byte, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

bool set_lock(int descriptor, int byte, short type) {
  struct flock lock = lock_of(byte, type);
  return ::fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

/// By a run: whoever may only read the file can hold a byte for reading, which says nothing.
bool is_held_by_another(int descriptor, int byte) {
  struct flock lock = lock_of(byte, F_RDLCK);
  return ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/// False: the file system keeps no locks.
bool take_list(int descriptor, const std::string& path) {
  for (int look = 0; look < most_looks; ++look) {
    if (set_lock(descriptor, list_byte, F_WRLCK)) return true;
    if (errno != EAGAIN && errno != EACCES && errno != EINTR) return false;
    std::this_thread::sleep_for(ask_again_after);
  }
  throw OutputError("cannot look at " + path + ", which tells who writes: another process holds it; if it hangs, end it");
}

/// What the output's run is going to change: all of it, or boxes of whole chunks of arrays.
LockList claim_of(const array::OutputSpec& spec, const std::string& below) {
  if (spec.mode != array::WriteMode::r_plus) return "all";
  LockList boxes = LockList::array();
  for (const auto& variable : spec.variables) {
    LockList box = {{"array", below + spec.group + "/" + variable.name}};
    if (variable.existing != nullptr) {
      box["begin"] = variable.origin;
      box["shape"] = variable.shape;
    }
    boxes.push_back(std::move(box));
  }
  return boxes;
}

bool overlap(const LockList& a, const LockList& b) {
  if (a.at("array") != b.at("array")) return false;
  if (!a.contains("begin") || !b.contains("begin")) return true;
  const auto a_begin = a["begin"].get<std::vector<std::int64_t>>(), b_begin = b["begin"].get<std::vector<std::int64_t>>();
  const auto a_shape = a["shape"].get<std::vector<std::int64_t>>(), b_shape = b["shape"].get<std::vector<std::int64_t>>();
  const std::size_t ndim = std::min({a_begin.size(), b_begin.size(), a_shape.size(), b_shape.size()});
  for (std::size_t axis = 0; axis < ndim; ++axis)
    if (a_begin[axis] + a_shape[axis] <= b_begin[axis] || b_begin[axis] + b_shape[axis] <= a_begin[axis]) return false;
  return true;
}

bool conflict(const LockList& a, const LockList& b) {
  if (!a.is_array() || !b.is_array()) return true;
  try {
    return std::any_of(a.begin(), a.end(), [&](const LockList& one) {
      return std::any_of(b.begin(), b.end(), [&](const LockList& other) { return overlap(one, other); });
    });
  } catch (const LockList::exception&) {
    return true;  // of a live run that says it in another way
  }
}

[[noreturn]] void throw_no_list(const std::string& path) {
  throw UsageError(path + " is not the file that tells who writes to an output; remove it, or write to another name");
}

LockList read_list(int descriptor, const std::string& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && status.st_size > most_bytes) throw_no_list(path);
  std::string text;
  char piece[4096];
  for (off_t at = 0;;) {
    const ssize_t got = ::pread(descriptor, piece, sizeof piece, at);
    if (got <= 0) break;
    text.append(piece, static_cast<std::size_t>(got));
    at += got;
  }
  bool is_deep = false;
  const LockList list = LockList::parse(text, [&is_deep](int depth, LockList::parse_event_t, LockList&) { return depth <= most_depth || !(is_deep = true); }, false);
  if (is_deep) throw_no_list(path);
  return list.is_array() ? list : LockList::array();
}

bool write_list(int descriptor, const LockList& list) {
  const std::string text = list.dump(-1, ' ', false, LockList::error_handler_t::replace);
  return ::pwrite(descriptor, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) &&
         ::ftruncate(descriptor, static_cast<off_t>(text.size())) == 0;
}

/// Those of the list whose runs live, this one aside.
LockList others(int descriptor, const std::string& path, int own_slot) {
  LockList living = LockList::array();
  for (const LockList& entry : read_list(descriptor, path)) {
    const bool is_one = entry.is_object() && entry.contains("slot") && entry["slot"].is_number_integer() && entry.contains("who") &&
                        entry["who"].is_string();
    if (!is_one) continue;
    const int slot = entry["slot"].get<int>();
    if (slot >= first_slot && slot != own_slot && is_held_by_another(descriptor, slot)) living.push_back(entry);
  }
  return living;
}

/// The name still leads to the file that is open.
bool is_named(int descriptor, const std::string& path) {
  struct stat open_file {}, named {};
  return ::fstat(descriptor, &open_file) == 0 && ::lstat(path.c_str(), &named) == 0 && open_file.st_ino == named.st_ino &&
         open_file.st_dev == named.st_dev;
}

/// For those who may replace outputs in the folder, and for nobody else to hold a lock on.
mode_t lock_mode(const struct stat& folder) {
  mode_t mode = 0600;
  if ((folder.st_mode & S_ISVTX) != 0) return mode;
  if ((folder.st_mode & S_IWGRP) != 0) mode |= 0060;
  if ((folder.st_mode & S_IWOTH) != 0) mode |= 0006;
  return mode;
}

place::Descriptor open_lock(const std::string& path, const std::string& output) {
  const std::string folder_path = std::filesystem::path(path).parent_path().string();
  struct stat folder {};
  if (::stat(folder_path.empty() ? "." : folder_path.c_str(), &folder) != 0) folder.st_mode = 0;
  const mode_t mode = lock_mode(folder);
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  place::Descriptor file;
  for (int tries = 0; tries < 100; ++tries) {
    file = place::Descriptor(::open(path.c_str(), flags | O_CREAT | O_EXCL, mode));
    if (file) ::fchmod(file.number(), mode);   // whatever the umask says
    if (file || errno != EEXIST) break;
    file = place::Descriptor(::open(path.c_str(), flags));
    if (file || errno != ENOENT) break;        // else its last user has just removed it
  }
  struct stat status {};
  if (!file && errno == EACCES && ::lstat(path.c_str(), &status) == 0 && status.st_uid != ::geteuid())
    throw UsageError("cannot write to " + output + ": " + place::name_of_user(status.st_uid) + " writes to it, or has left " + path +
                     " there when a run was killed; ask for that file to be removed, or write to another name");
  if (!file && errno != ELOOP && errno != EISDIR && errno != ENXIO) return file;
  if (!file || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1)
    throw UsageError("cannot write to " + output + ": " + path + " is not the file that tells who else does; remove it");
  // Where anybody may put files, one of somebody else's tells what he likes.
  if (status.st_uid != ::geteuid() && status.st_uid != 0 && (folder.st_mode & S_IWOTH) != 0)
    throw UsageError("cannot write to " + output + ": " + path + ", which tells who else does, belongs to " +
                     place::name_of_user(status.st_uid) + " in a folder that everybody may write to; ask for it to be removed, or write elsewhere");
  return file;
}

}  // namespace

OutputLock::OutputLock(const array::OutputSpec& spec, const std::string& who) {
  const RealPlace place = real_place(spec.path);
  path_ = lock_path(place);
  const LockList claim = claim_of(spec, place.below);
  for (;;) {
    place::Descriptor file = open_lock(path_, spec.path);
    if (!file) {
      why_not_ = path_ + " cannot be made: " + std::strerror(errno);
      return;
    }
    if (!take_list(file.number(), path_)) {
      why_not_ = "the file system of " + path_ + " keeps no locks (" + std::strerror(errno) + ")";
      ::unlink(path_.c_str());
      return;
    }
    if (!is_named(file.number(), path_)) continue;   // its last user removed it between open and lock
    LockList list = others(file.number(), path_, -1);
    for (const LockList& entry : list)
      if (conflict(claim, entry.value("claim", LockList("all"))))
        throw UsageError("cannot write to " + spec.path + ": " + entry["who"].get<std::string>() +
                         " is writing " + (claim.is_array() ? "to the same part of it" : "to it") + "; wait for it, or write to another name");
    slot_ = first_slot;
    while (!set_lock(file.number(), slot_, F_WRLCK))
      if (++slot_ > most_slots) throw OutputError("cannot write to " + spec.path + ": somebody who is no run holds all of " + path_ + "; end that process");
    list.push_back({{"slot", slot_}, {"who", who}, {"claim", claim}});
    const bool written = write_list(file.number(), list);
    if (!written) why_not_ = path_ + " cannot be written: " + std::strerror(errno);
    file_ = std::move(file);
    if (!written) release();
    else set_lock(file_.number(), list_byte, F_UNLCK);
    if (!written) file_ = place::Descriptor();
    return;
  }
}

void OutputLock::release() noexcept {
  try {
    if (!take_list(file_.number(), path_)) return;
    const LockList rest = others(file_.number(), path_, slot_);
    if (!rest.empty()) write_list(file_.number(), rest);
    else if (is_named(file_.number(), path_)) ::unlink(path_.c_str());
  } catch (const std::exception&) {
    // The lock goes with the descriptor; the list is put right by the next one.
  }
}

OutputLock::~OutputLock() {
  if (file_) release();
}

}  // namespace rankine::store
