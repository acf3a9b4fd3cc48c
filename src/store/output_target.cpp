#include "store/output_target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>

#include "base/byte_stream.hpp"
#include "base/check.hpp"
#include "base/error.hpp"
#include "place/own_file.hpp"
#include "store/backends.hpp"
#include "store/full_disk.hpp"
#include "store/io_faults.hpp"
#include "store/written_check.hpp"
#include "store/zarr/zarr_documents.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

bool is_zarr(const array::OutputSpec& spec) { return array::is_zarr(spec.format); }

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// In a sticky folder a name is its owner's, or the folder's owner's, to replace; empty where this user may.
std::string who_forbids_replacing(const std::string& path) {
  struct stat named {}, folder {};
  const std::string parent = fs::path(path).has_parent_path() ? fs::path(path).parent_path().string() : ".";
  if (::lstat(path.c_str(), &named) != 0 || ::stat(parent.c_str(), &folder) != 0) return {};
  const uid_t self = ::geteuid();
  const bool forbids = (folder.st_mode & S_ISVTX) != 0 && self != 0 && named.st_uid != self && folder.st_uid != self;
  return forbids ? place::name_of_user(named.st_uid) : std::string();
}

/// A commit replaces documents and arrays one by one: that it can is asked before there is anything to commit.
void check_arrays_of_store(const array::OutputSpec& spec, const std::string& what) {
  const std::string group = zarr_group_directory(spec);
  struct stat status {};
  if (::access(group.c_str(), W_OK | X_OK) != 0 && errno != ENOENT) throw OutputError(what + group + " is not writable");
  for (const auto& variable : spec.variables) {
    const std::string path = group + "/" + variable.name;
    if (::lstat(path.c_str(), &status) != 0) continue;
    std::string owner = who_forbids_replacing(path);
    if (owner.empty() && ::access(path.c_str(), W_OK | X_OK) != 0) owner = place::name_of_user(status.st_uid);
    if (!owner.empty()) throw OutputError(what + "its array " + path + " is not writable, it belongs to " + owner);
  }
}

// What the mode and the user's other data forbid. A directory is replaced only if it is a Zarr store
// or empty: a mistyped path must not cost anyone a directory.
void check_place(const array::OutputSpec& spec) {
  if (spec.path.empty()) throw OutputError("cannot create an output without a name");
  const std::string what = "cannot create " + spec.path + ": ";
  const fs::path directory = fs::path(spec.path).has_parent_path() ? fs::path(spec.path).parent_path() : fs::path(".");
  std::error_code error;
  if (!fs::is_directory(directory, error))
    throw OutputError(what + "there is no directory " + directory.string() + "; make it first");
  if (::access(directory.c_str(), W_OK | X_OK) != 0)
    throw OutputError(what + "the directory " + directory.string() + " is not writable");
  const bool adds = spec.mode == array::WriteMode::a || spec.mode == array::WriteMode::r_plus;
  if (adds && !is_zarr(spec)) throw OutputError(what + "modes 'a' and 'r+' are supported for Zarr only; use mode 'w'");
  const bool is_there = fs::exists(fs::symlink_status(spec.path, error));
  if (!is_there && spec.mode == array::WriteMode::r_plus)
    throw OutputError(what + "it does not exist and the mode is 'r+'; use mode 'a' or 'w'");
  if (!is_there) return;
  if (const std::string owner = adds ? std::string() : who_forbids_replacing(spec.path); !owner.empty())
    throw OutputError(what + "it is there and belongs to " + owner + ", and the folder's sticky bit keeps others from replacing it");
  const bool in_group = is_zarr(spec) && !spec.group.empty();
  if (spec.mode == array::WriteMode::w_minus && (!in_group || fs::exists(spec.path + "/" + spec.group)))
    throw OutputError(what + "it exists and the mode is 'w-'; remove it or use mode 'w'");
  const bool is_directory = fs::is_directory(spec.path, error);
  if (!is_directory && !fs::is_regular_file(spec.path, error) && !fs::is_symlink(fs::symlink_status(spec.path, error)))
    throw OutputError(what + "something of that name is there that is no file, such as a device");
  if (is_zarr(spec) && !is_directory) throw OutputError(what + "a file of that name is in the way");
  if (!is_zarr(spec) && is_directory) throw OutputError(what + "a directory of that name is in the way");
  if (is_zarr(spec) && looks_like_zarr(spec.path) && (adds || in_group)) {
    const bool is_v3 = fs::exists(spec.path + "/zarr.json");
    if (is_v3 != (spec.format == array::OutputFormat::zarr3))
      throw OutputError(what + "the store there is Zarr v" + (is_v3 ? "3" : "2") + ", what is to be added is not");
    if (::access(spec.path.c_str(), W_OK | X_OK) != 0) throw OutputError(what + "it is not writable");
    if (adds) check_arrays_of_store(spec, what);
  }
  if (is_zarr(spec) && !looks_like_zarr(spec.path) && !fs::is_empty(spec.path, error))
    throw OutputError(what + "the directory of that name holds something else than a Zarr store");
}

}  // namespace

void write_at(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& what,
              const std::string& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::pwrite(descriptor, bytes.data() + done, bytes.size() - done,
                                     static_cast<off_t>(offset + done));
    if (written > 0)
      done += static_cast<std::size_t>(written);
    else if (written == 0 || errno != EINTR)
      throw_not_written(what, written == 0 ? "nothing could be written" : std::strerror(errno), path, bytes.size());
  }
}

void write_file(const std::string& path, std::span<const std::byte> bytes, const std::string& what) {
  place::Descriptor file = place::make_own_file(path, O_WRONLY, 0666);
  if (!file) throw_not_written(what, errno, path, bytes.size());
  try {
    write_at(file.number(), 0, bytes, what, path);
  } catch (...) {
    ::unlink(path.c_str());
    throw;
  }
  // Network file systems report a full disk or quota only here.
  if (::close(file.release()) != 0 && errno != EINTR) throw_not_written(what, errno, path, bytes.size());
}

void flush_file_system(const std::string& path, const std::string& final_path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool flushed = descriptor >= 0 && ::syncfs(descriptor) == 0;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  if (!flushed) throw_not_written("cannot commit " + final_path, reason, path);
}

void flush_file(const OutputTarget& target) {
  const place::Descriptor file = open_temporary(target, O_RDWR, "cannot commit " + target.spec.path);
  if (::fsync(file.number()) != 0) throw_not_written("cannot commit " + target.spec.path, errno, target.temporary_path);
}

place::Descriptor open_temporary(const OutputTarget& target, int flags, const std::string& what) {
  place::Descriptor file = place::open_own_file(target.temporary_path, flags, target.owner);
  if (!file)
    throw_not_written(what, errno == EPERM || errno == ELOOP ? target.temporary_path + " is not the file that was made there: somebody else has changed it"
                                                             : std::string(std::strerror(errno)), target.temporary_path);
  return file;
}

std::uint32_t this_user() { return ::geteuid(); }

std::string temporary_path_of(const array::OutputSpec& spec, const std::string& token) {
  const fs::path path(without_trailing_slash(spec.path));
  return (path.parent_path() / ("." + path.filename().string() + ".rankine-" + token + ".part")).string();
}

OutputTarget target_to_make(const array::OutputSpec& spec, const std::string& token) {
  OutputTarget target;
  target.spec.path = without_trailing_slash(spec.path);
  target.spec.format = spec.format;
  target.spec.mode = spec.mode;
  target.temporary_path = temporary_path_of(spec, token);
  return target;
}

bool has_own_temporary_path(const OutputTarget& target) {
  const std::string begin = temporary_path_of(target.spec, ""), end = ".part";
  const std::string stem = begin.substr(0, begin.size() - end.size());
  const std::string& path = target.temporary_path;
  if (path.size() <= begin.size() || path.compare(0, stem.size(), stem) != 0 || path.compare(path.size() - end.size(), end.size(), end) != 0)
    return false;
  return std::all_of(path.begin() + static_cast<std::ptrdiff_t>(stem.size()), path.end() - static_cast<std::ptrdiff_t>(end.size()),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

bool is_unfinished(const OutputTarget& target) {
  struct stat status {};
  return ::lstat(target.temporary_path.c_str(), &status) == 0 && status.st_uid == target.owner &&
         (is_zarr(target.spec) ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode));
}

void check_output(const array::OutputSpec& spec) {
  array::OutputSpec tidy = spec;
  tidy.path = without_trailing_slash(spec.path);
  check_place(tidy);
}

OutputTarget create_output(const array::OutputSpec& spec, const std::string& token) {
  OutputTarget target;
  target.spec = spec;
  target.spec.path = without_trailing_slash(spec.path);
  check_place(target.spec);
  target.temporary_path = temporary_path_of(target.spec, token);
  RANKINE_CHECK(has_own_temporary_path(target), "a token is letters, digits and dashes");
  struct stat status {};
  if (::lstat(target.temporary_path.c_str(), &status) == 0)
    throw OutputError("cannot create " + target.spec.path + ": something has the name " + target.temporary_path + " already");
  target.complete.assign(spec.variables.size(), 0);
  target.offsets.assign(spec.variables.size(), UINT64_MAX);
  target.record_strides.assign(spec.variables.size(), 0);
  try {
    if (is_zarr(spec))
      create_zarr(target);
    else
      create_netcdf(target);
    // Here as well as before the commit: hours earlier, and before any chunk of an existing store is touched.
    check_written(target);
    check_written_values(target);
  } catch (const OutputError& error) {
    discard_output(target);
    if (!tells_of_full_disk(error.what())) throw;
    throw DiskFullError(error.what(), target.temporary_path, 0);
  } catch (...) {
    discard_output(target);
    throw;
  }
  for (auto& variable : target.spec.variables) {
    variable.value.reset();
    variable.times.reset();
  }
  return target;
}

bool any_rank_writes(const OutputTarget& target, std::size_t variable) {
  return is_zarr(target.spec) || target.offsets.at(variable) != UINT64_MAX;
}

void commit_output(const OutputTarget& target) {
  check_written(target);
  finish_commit(target);
}

void finish_commit(const OutputTarget& target) {
  if (is_zarr(target.spec)) return commit_zarr(target);
  const std::string what = "cannot commit " + target.spec.path + ": ";
  flush_file(target);
  if (target.spec.mode == array::WriteMode::w_minus && fs::exists(fs::symlink_status(target.spec.path)))
    throw OutputError(what + "it came into being during the run, and mode 'w-' forbids replacing it");
  pass_commit_step();
  if (::rename(target.temporary_path.c_str(), target.spec.path.c_str()) != 0)
    throw OutputError(what + std::strerror(errno));
  pass_commit_step();
}

void discard_output(const OutputTarget& target) noexcept {
  if (!has_own_temporary_path(target)) return;
  const std::string& path = target.temporary_path;
  // Whoever was killed between pushing the old store aside and putting the new one into its place leaves the old one there.
  struct stat status {};
  if (::lstat(target.spec.path.c_str(), &status) != 0 && errno == ENOENT) ::rename(replaced_path_of(target).c_str(), target.spec.path.c_str());
  for (const std::string& name : {path, path + ".new", replaced_path_of(target)}) place::remove_own(name, target.owner);
}

std::string replaced_path_of(const OutputTarget& target) {
  return target.temporary_path.substr(0, target.temporary_path.rfind('.')) + ".old";
}

void write_to(ByteWriter& writer, const OutputTarget& target) {
  array::write_to(writer, target.spec);
  writer.put_string(target.temporary_path);
  writer.put(target.owner);
  writer.put_vector(target.complete);
  writer.put_vector(target.offsets);
  writer.put_vector(target.record_strides);
}

OutputTarget read_output_target(ByteReader& reader) {
  OutputTarget target;
  target.spec = array::read_output_spec(reader);
  target.temporary_path = reader.get_string();
  target.owner = reader.get<std::uint32_t>();
  target.complete = reader.get_vector<std::uint8_t>();
  target.offsets = reader.get_vector<std::uint64_t>();
  target.record_strides = reader.get_vector<std::uint64_t>();
  const std::size_t count = target.spec.variables.size();
  if (target.complete.size() != count || target.offsets.size() != count || target.record_strides.size() != count)
    throw DecodeError("malformed frame: an output target does not fit its variables");
  return target;
}

}  // namespace rankine::store
