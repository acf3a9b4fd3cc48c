#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/chunk_read.hpp"
#include "store/io_faults.hpp"
#include "store/output_target.hpp"
#include "store/zarr/zarr_chunk_source.hpp"
#include "store/zarr/zarr_documents.hpp"
#include "store/zarr/zarr_strings.hpp"

/// What is written whole (a store, a group, an array) is made under the temporary path and renamed into its place by
/// the commit. Parts of existing arrays replace their chunks in the store one by one, each by a rename; the array's
/// new shape becomes visible with the commit.
namespace rankine::store {
namespace {

namespace fs = std::filesystem;

// Unfinished chunks are written here and renamed into their array; removed before the commit, so
// that what a killed rank left does not stay.
constexpr const char* unfinished = "/.unfinished";
// Documents of existing arrays that grow, one file an array.
constexpr const char* documents = "/.documents";
// What the commit pushes aside.
constexpr const char* aside = "/.replaced";

bool adds_to_store(const array::OutputSpec& spec) {
  return spec.mode == array::WriteMode::a || spec.mode == array::WriteMode::r_plus;
}

void make_directory(const std::string& path, const array::OutputSpec& spec) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw OutputError("cannot create " + spec.path + ": " + path + ": " + error.message());
}

void rename_or_throw(const std::string& from, const std::string& to, const array::OutputSpec& spec) {
  std::error_code error;
  pass_commit_step();
  fs::rename(from, to, error);
  if (error)
    throw OutputError("cannot commit " + spec.path + ": " + to + ": " + error.message());
}

// How an array that does not exist yet is laid out: enough to find its objects.
array::StoredArray layout_of(const OutputTarget& target, const array::OutputVariable& variable) {
  if (variable.existing) return *variable.existing;
  array::StoredArray layout;
  layout.path = target.temporary_path + "/" + variable.name;
  layout.separator = '.';
  if (target.spec.format == array::OutputFormat::zarr3) {
    layout.zarr.prefix = "c/";
    layout.separator = '/';
  }
  return layout;
}

void write_value(const OutputTarget& target, std::size_t index) {
  const array::OutputVariable& variable = target.spec.variables[index];
  if (element_count(variable.shape) == 0) return;
  if (variable.dtype == DType::string) {
    const bool is_v3 = target.spec.format == array::OutputFormat::zarr3;
    auto codecs = variable.codecs;
    const bool as_bytes = variable.character_count > 0;
    for (auto& codec : codecs) codec.element_bytes = is_v3 || as_bytes ? 1 : 4;
    const auto bytes = is_v3      ? encode_variable_text(*variable.value)
                       : as_bytes ? encode_fixed_bytes(*variable.value, variable.character_count)
                                  : encode_fixed_text(*variable.value, text_width_of(*variable.value));
    write_zarr_chunk(target, index, Index(variable.shape.size(), 0),
                     codec::encode(codecs, bytes, ThreadBuffers::of_this_thread().codecs));
    return;
  }
  for (const EncodedChunk& chunk : encode_chunks(variable, *variable.value, Box::whole(variable.shape)))
    write_zarr_chunk(target, index, chunk.chunk, chunk.bytes);
}

void check_variable(const array::OutputSpec& spec, const array::OutputVariable& variable) {
  if (variable.name.empty() || variable.name[0] == '.' || variable.name.find('/') != std::string::npos ||
      variable.name == "zarr.json")
    throw OutputError("cannot create " + spec.path + ": '" + variable.name + "' cannot name an array in Zarr");
  if (variable.dtype == DType::string && !variable.value)
    throw OutputError("cannot create " + spec.path + ": the texts of " + variable.name +
                      " must be known before the run; load them first");
}

/// Each step leaves the store so that the steps from the first on can be taken again: whoever is killed between two of them goes
/// on with what is left of the temporary store.
void commit_additions(const OutputTarget& target) {
  const array::OutputSpec& spec = target.spec;
  const std::string group = zarr_group_directory(spec);
  bool part_only = false;  // a region keeps the group's attributes, what is appended brings new ones
  for (const auto& variable : spec.variables) part_only = part_only || (variable.existing != nullptr && spec.append_dim.empty());
  for (const auto& variable : spec.variables) {
    const std::string staged = target.temporary_path + "/" + variable.name;
    const std::string place = group + "/" + variable.name;
    if (variable.existing) {
      const std::string document = target.temporary_path + documents + "/" + variable.name;
      if (fs::exists(document)) rename_or_throw(document, place + "/" + variable.existing->zarr.metadata, spec);
      continue;
    }
    const bool is_there = fs::exists(fs::symlink_status(place));
    if (is_there && !fs::exists(fs::symlink_status(staged))) continue;   // an earlier try has put it there
    if (is_there) {
      make_directory(target.temporary_path + aside, spec);
      rename_or_throw(place, target.temporary_path + aside + "/" + variable.name, spec);
    }
    rename_or_throw(staged, place, spec);
  }
  if (spec.mode == array::WriteMode::a && !part_only) {
    for (const char* name : {".zattrs", "zarr.json"}) {
      const std::string document = target.temporary_path + "/" + name;
      if (fs::exists(document)) rename_or_throw(document, group + "/" + name, spec);
    }
  }
  const bool wanted = spec.consolidated && spec.mode == array::WriteMode::a;
  if (wanted || is_consolidated(spec.path, spec.format)) consolidate(spec.path, spec.format, target.temporary_path);
  flush_file_system(spec.path, spec.path);
  pass_commit_step();
  std::error_code error;
  fs::remove_all(target.temporary_path, error);
  pass_commit_step();
}

}  // namespace

void create_zarr(OutputTarget& target) {
  const array::OutputSpec& spec = target.spec;
  const std::string& root = target.temporary_path;
  // By a call that fails where anything has the name.
  struct stat status {};
  if (::mkdir(root.c_str(), 0777) != 0 || ::lstat(root.c_str(), &status) != 0)
    throw_not_written("cannot create " + spec.path + ": " + root, errno, root);
  target.owner = status.st_uid;
  make_directory(root + unfinished, spec);
  write_group_documents(spec, root);
  for (std::size_t i = 0; i < spec.variables.size(); ++i) {
    const array::OutputVariable& variable = spec.variables[i];
    check_variable(spec, variable);
    if (variable.existing) {
      make_directory(root + documents, spec);
      const std::string document = resized_document(spec, variable);
      write_file(root + documents + "/" + variable.name, std::as_bytes(std::span(document)), "cannot write to " + spec.path);
    } else {
      make_directory(root + "/" + variable.name, spec);
      write_array_documents(spec, variable, root + "/" + variable.name);
      if (variable.value) write_value(target, i);
    }
    target.complete[i] = variable.value || element_count(variable.shape) == 0;
  }
  const bool is_new_store = spec.group.empty() && !(adds_to_store(spec) && looks_like_zarr(spec.path));
  if (is_new_store && spec.consolidated) consolidate(root, spec.format, root + unfinished);
}

void write_zarr_chunk(const OutputTarget& target, std::size_t index, const Index& chunk,
                      std::span<const std::byte> bytes) {
  // Ranks on several hosts write here, and whoever else may write to the store: nobody meets anybody's name.
  static const std::string own_name = place::unguessable_name();
  static std::atomic<std::uint64_t> sequence{0};
  const array::OutputVariable& variable = target.spec.variables.at(index);
  const array::StoredArray layout = layout_of(target, variable);
  Index object = chunk;
  for (std::size_t axis = 0; axis < variable.origin.size(); ++axis) {
    RANKINE_CHECK(variable.origin[axis] % variable.chunk_shape[axis] == 0, "parts of arrays begin with a chunk");
    object[axis] += variable.origin[axis] / variable.chunk_shape[axis];
  }
  const std::string path = layout.path + "/" + zarr_object_key(layout, object);
  const std::string partial = target.temporary_path + unfinished + "/" + own_name + "-" + std::to_string(sequence++);
  const std::string what = "cannot write chunk " + format_tuple(object) + " of " + variable.name + " to " + target.spec.path;
  write_file(partial, bytes, what);
  if (::rename(partial.c_str(), path.c_str()) == 0) return;
  if (errno == ENOENT) {  // keys with '/' want directories
    std::error_code ignored;
    fs::create_directories(fs::path(path).parent_path(), ignored);
    if (::rename(partial.c_str(), path.c_str()) == 0) return;
  }
  const std::string reason = std::strerror(errno);
  ::unlink(partial.c_str());
  throw OutputError(what + ": " + reason);
}

void commit_zarr(const OutputTarget& target) {
  const array::OutputSpec& spec = target.spec;
  const std::string& from = target.temporary_path;
  const std::string to = zarr_group_directory(spec);
  std::error_code error;
  place::remove_own(from + unfinished, target.owner);
  if (adds_to_store(spec) && looks_like_zarr(to)) return commit_additions(target);
  flush_file_system(from, to);
  if (!spec.group.empty()) write_parent_groups(spec);
  const std::string old = replaced_path_of(target);
  const bool replaces = fs::exists(fs::symlink_status(to));
  if (replaces && spec.mode == array::WriteMode::w_minus)
    throw OutputError("cannot commit " + to + ": it came into being during the run, and mode 'w-' forbids replacing it");
  if (replaces) {
    pass_commit_step();
    fs::rename(to, old, error);
    if (error) throw OutputError("cannot replace " + to + ": " + error.message());
  }
  pass_commit_step();
  fs::rename(from, to, error);
  if (error) {
    std::error_code undo;
    if (replaces) fs::rename(old, to, undo);
    throw OutputError("cannot commit " + to + ": " + error.message());
  }
  pass_commit_step();
  fs::remove_all(old, error);  // what cannot be removed harms nobody under its odd name
  if (spec.group.empty() || (!spec.consolidated && !is_consolidated(spec.path, spec.format))) return;
  // Not under the name that tells of a store that is to be put into its place.
  const std::string scratch = from + ".new";
  place::remove_own(scratch, target.owner);
  make_directory(scratch, spec);
  consolidate(spec.path, spec.format, scratch);
  pass_commit_step();
  fs::remove_all(scratch, error);
}

}  // namespace rankine::store
