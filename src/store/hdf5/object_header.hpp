#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/stored_file.hpp"

namespace rankine::store {

/// How one HDF5 file writes addresses and lengths; from libhdf5's own reading of the superblock.
struct Hdf5Format {
  int address_bytes = 8;
  int length_bytes = 8;
  std::uint64_t base = 0;   ///< of all addresses: the size of the user block
};

/// Little-endian fields of one piece of an HDF5 file. Every read is checked.
class Hdf5Fields {
 public:
  Hdf5Fields(const StoredFile& file, const Hdf5Format& format, std::uint64_t address, std::uint64_t count);
  Hdf5Fields(const StoredFile& file, const Hdf5Format& format, std::vector<std::byte> bytes)
      : file_(&file), format_(format), bytes_(std::move(bytes)) {}

  std::uint64_t integer(int bytes);
  std::uint64_t address() { return integer(format_.address_bytes); }
  std::uint64_t length() { return integer(format_.length_bytes); }
  void skip(std::uint64_t count);
  void expect(const char* signature);   ///< four characters
  std::size_t remaining() const { return bytes_.size() - position_; }
  std::vector<std::byte> take(std::uint64_t count);
  bool is_undefined(std::uint64_t address) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const StoredFile* file_;
  Hdf5Format format_;
  std::vector<std::byte> bytes_;
  std::size_t position_ = 0;
};

enum class ChunkIndexKind : std::uint8_t { btree1, single, implicit, fixed_array, extensible_array, btree2 };

/// A data layout message of a chunked dataset.
struct ChunkLayout {
  ChunkIndexKind kind = ChunkIndexKind::btree1;
  std::uint64_t address = 0;                 ///< of the index; undefined: no chunk was ever written
  bool is_undefined = false;
  std::vector<std::uint64_t> chunk_shape;
  std::uint64_t element_bytes = 0;
  std::uint64_t single_bytes = 0;            ///< kind single with filters: stored bytes
  std::uint32_t single_filter_mask = 0;
  bool single_filtered = false;
};

/// Finds and reads the layout message of the dataset whose object header lies at `address`.
/// Nothing if the dataset is not chunked or its layout's version is unknown.
/// Throws InputError where the bytes contradict themselves.
/// Source: "HDF5 File Format Specification" version 3.0, IV.A.1 and IV.A.2.i.
std::optional<ChunkLayout> read_chunk_layout(const StoredFile& file, const Hdf5Format& format, std::uint64_t address);

}  // namespace rankine::store
