#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/stored_file.hpp"

namespace rankine::store {

/// An HDF5 file whose structures we read ourselves: no lock, no library, and nothing in the file can make us
/// allocate more than it holds. Addresses are the format's own, which count from the end of the user block.
/// One thread at a time: small reads go through pages that are kept.
/// Source: "HDF5 File Format Specification" version 3.0, II.
class Hdf5File {
 public:
  /// Reads the superblock, versions 0 to 3. Throws InputError naming the path: no HDF5, damaged, truncated.
  explicit Hdf5File(const std::string& path);

  const std::string& path() const { return file_.path(); }
  std::uint64_t size() const { return file_.size(); }
  std::int64_t mtime_ns() const { return file_.mtime_ns(); }
  int address_bytes() const { return address_bytes_; }
  int length_bytes() const { return length_bytes_; }
  /// The size of the user block.
  std::uint64_t base() const { return base_; }
  std::uint64_t root_address() const { return root_; }
  /// Of the superblock's extension; undefined where there is none.
  std::uint64_t extension_address() const { return extension_; }
  std::uint64_t undefined_address() const;

  /// Exactly `count` bytes from `address`. Throws InputError if the file has not got them.
  std::vector<std::byte> read(std::uint64_t address, std::uint64_t count) const;
  /// True if `count` bytes from `address` lie in the file.
  bool holds(std::uint64_t address, std::uint64_t count) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::span<const std::byte> page(std::uint64_t number) const;

  StoredFile file_;
  int address_bytes_ = 8;
  int length_bytes_ = 8;
  std::uint64_t base_ = 0;
  std::uint64_t root_ = 0;
  std::uint64_t extension_ = UINT64_MAX;
  mutable std::unordered_map<std::uint64_t, std::vector<std::byte>> pages_;
};

/// Of a piece of metadata that ends with one.
inline constexpr std::uint64_t checksum_bytes = 4;

/// Little-endian fields of one piece of an HDF5 file. Every read is checked.
class Hdf5Fields {
 public:
  Hdf5Fields(const Hdf5File& file, std::uint64_t address, std::uint64_t count)
      : file_(&file), bytes_(file.read(address, count)) {}
  Hdf5Fields(const Hdf5File& file, std::vector<std::byte> bytes) : file_(&file), bytes_(std::move(bytes)) {}

  std::uint64_t integer(int bytes);
  std::uint64_t address() { return integer(file_->address_bytes()); }
  std::uint64_t length() { return integer(file_->length_bytes()); }
  void skip(std::uint64_t count);
  void expect(const char* signature);   ///< four characters
  std::size_t remaining() const { return bytes_.size() - position_; }
  std::size_t position() const { return position_; }
  std::vector<std::byte> take(std::uint64_t count);
  /// A name that ends with a NUL, which is consumed too.
  std::string terminated_text();
  /// The piece ends with the checksum of all bytes before it; throws InputError naming `what` if it does not fit.
  void verify_checksum(const char* what) const;
  bool is_undefined(std::uint64_t address) const { return address == file_->undefined_address(); }
  [[noreturn]] void fail(const std::string& what) const { file_->fail(what); }
  const Hdf5File& file() const { return *file_; }

 private:
  const Hdf5File* file_;
  std::vector<std::byte> bytes_;
  std::size_t position_ = 0;
};

/// Bytes that hold any number up to `limit`, as libhdf5's H5VM_limit_enc_size counts them.
int bytes_for(std::uint64_t limit);

}  // namespace rankine::store
