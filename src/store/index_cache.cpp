#include "store/index_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "store/catalogue_bytes.hpp"
#include "store/output_target.hpp"

namespace rankine::store {
namespace {

namespace fs = std::filesystem;

/// Raised with every change of what an entry holds, StoredArray's own form included.
constexpr std::uint32_t entry_version = 3;
constexpr std::uint32_t entry_magic = 0x58494b52;  // "RKIX"

/// FNV-1a, 64 bits: names entries and tells damaged ones.
std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001b3;
  return hash;
}

std::size_t index_count(const array::Catalogue& catalogue) {
  return static_cast<std::size_t>(std::count_if(catalogue.variables.begin(), catalogue.variables.end(), [](const auto& variable) {
    return variable.data != nullptr && variable.data->index != nullptr;
  }));
}

std::vector<std::byte> encode_entry(const std::string& path, const FileStamp& stamp, const array::Catalogue& catalogue) {
  ByteWriter body;
  body.put_string(path);
  body.put(stamp.size);
  body.put(stamp.mtime_ns);
  write_to(body, catalogue);
  const std::vector<std::byte> bytes = body.take();
  ByteWriter entry;
  entry.put(entry_magic);
  entry.put(entry_version);
  entry.put(hash_of(bytes));
  entry.put_raw(bytes.data(), bytes.size());
  return entry.take();
}

/// Nothing unless the entry is whole, of this form and of this very file.
std::optional<array::Catalogue> decode_entry(std::span<const std::byte> bytes, const std::string& path, const FileStamp& stamp) {
  try {
    ByteReader reader(bytes);
    if (reader.get<std::uint32_t>() != entry_magic || reader.get<std::uint32_t>() != entry_version) return std::nullopt;
    const auto hash = reader.get<std::uint64_t>();
    if (hash_of(bytes.subspan(bytes.size() - reader.remaining())) != hash) return std::nullopt;
    if (reader.get_string() != path) return std::nullopt;
    const auto size = reader.get<std::uint64_t>();
    const auto mtime_ns = reader.get<std::int64_t>();
    if (FileStamp{size, mtime_ns} != stamp) return std::nullopt;
    return read_catalogue(reader);
  } catch (const DecodeError&) {
    return std::nullopt;
  }
}

/// Nothing of an entry that others have made or may change: it would tell where the bytes of a file lie.
std::vector<std::byte> read_whole(const std::string& path) {
  const place::Descriptor file = place::open_own_file(path, O_RDONLY);
  struct stat status {};
  if (!file || ::fstat(file.number(), &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file.number(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

/// False if it could not be written; nothing is left then.
bool write_whole(const std::string& path, std::span<const std::byte> bytes) {
  place::Descriptor file = place::make_own_file(path, O_WRONLY, 0644);
  if (!file) return false;
  try {
    write_at(file.number(), 0, bytes, "cannot write", path);
  } catch (const OutputError&) {
    ::unlink(path.c_str());
    return false;
  }
  if (::close(file.release()) == 0) return true;
  ::unlink(path.c_str());
  return false;
}

}  // namespace

IndexCache::IndexCache(std::string folder) : folder_(std::move(folder)) {
  if (folder_.empty()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw OutputError("cannot make the folder '" + folder_ + "' of --index-cache: " + error.message());
}

std::string IndexCache::file_of(const std::string& path, const CatalogueOptions& options) const {
  const std::string key = path + '\0' + options.group + '\0' + (options.consolidated ? "c" : "");
  char name[32];
  std::snprintf(name, sizeof name, "%016llx.index", static_cast<unsigned long long>(hash_of(std::as_bytes(std::span(key)))));
  return (fs::path(folder_) / name).string();
}

array::Catalogue IndexCache::open(const std::string& path, const CatalogueOptions& options) {
  std::error_code none;
  if (folder_.empty() || !fs::is_regular_file(path, none)) return open_catalogue(path, options);
  Entry entry;
  entry.path = path;
  entry.stamp = stamp_of(path);
  entry.options = options;
  const std::vector<std::byte> kept = read_whole(file_of(path, options));
  if (auto known = decode_entry(kept, path, entry.stamp)) {
    entry.catalogue = std::move(*known);
    entry.saved = true;
    ++hits_;
  } else {
    entry.catalogue = open_catalogue(path, options);
  }
  entry.saved_index_count = index_count(entry.catalogue);
  entries_.push_back(entry);
  return entry.catalogue;
}

void IndexCache::adopt(const std::string& path, const FileStamp& stamp, const CatalogueOptions& options,
                       const array::Catalogue& catalogue) {
  if (folder_.empty() || stamp == FileStamp{}) return;
  entries_.push_back({path, stamp, options, catalogue, index_count(catalogue), true});
}

void IndexCache::save() {
  for (Entry& entry : entries_) {
    const std::size_t indexes = index_count(entry.catalogue);
    if (entry.saved && indexes == entry.saved_index_count) continue;
    const std::string file = file_of(entry.path, entry.options);
    const std::string partial = file + "." + place::unguessable_name() + ".part";
    if (write_whole(partial, encode_entry(entry.path, entry.stamp, entry.catalogue)) && ::rename(partial.c_str(), file.c_str()) != 0)
      ::unlink(partial.c_str());
    entry.saved = true;
    entry.saved_index_count = indexes;
  }
}

}  // namespace rankine::store
