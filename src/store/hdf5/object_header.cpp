#include "store/hdf5/object_header.hpp"

#include <cstring>

#include "base/error.hpp"

namespace rankine::store {
namespace {

constexpr std::uint16_t message_layout = 0x08, message_continuation = 0x10;
/// Real headers have a handful of continuation blocks; a damaged one may form a ring.
constexpr int max_header_blocks = 4096;

struct Block { std::uint64_t address; std::uint64_t bytes; };

/// One pass over all messages of a header, version 1 or 2, following continuations.
class HeaderWalk {
 public:
  HeaderWalk(const StoredFile& file, const Hdf5Format& format) : file_(file), format_(format) {}

  std::optional<std::vector<std::byte>> find_layout(std::uint64_t address) {
    Hdf5Fields probe(file_, format_, address, 4);
    const auto first = probe.take(4);
    if (std::memcmp(first.data(), "OHDR", 4) == 0) start_version2(address);
    else if (first[0] == std::byte{1}) start_version1(address);
    else probe.fail("unknown object header version");
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i == max_header_blocks) probe.fail("endless object header");
      read_block(blocks_[i], i == 0);
      if (layout_) return std::move(layout_);
    }
    return std::nullopt;
  }

 private:
  void start_version1(std::uint64_t address) {
    Hdf5Fields prefix(file_, format_, address, 12);
    prefix.skip(8);
    blocks_.push_back({address + 16, prefix.integer(4)});
  }

  void start_version2(std::uint64_t address) {
    version2_ = true;
    Hdf5Fields prefix(file_, format_, address, 6);
    prefix.skip(4);
    if (prefix.integer(1) != 2) prefix.fail("unknown object header version");
    const auto flags = prefix.integer(1);
    creation_order_ = (flags & 4) != 0;
    const std::uint64_t before = 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
    const int size_bytes = 1 << (flags & 3);
    Hdf5Fields size(file_, format_, address + before, static_cast<std::uint64_t>(size_bytes));
    blocks_.push_back({address + before + static_cast<std::uint64_t>(size_bytes), size.integer(size_bytes)});
  }

  void read_block(const Block& block, bool first) {
    Hdf5Fields fields(file_, format_, block.address, block.bytes);
    std::size_t trailer = 0;
    if (version2_ && !first) {
      fields.expect("OCHK");
      trailer = 4;  // the checksum
    }
    const std::size_t prefix = version2_ ? (creation_order_ ? 6 : 4) : 8;
    while (fields.remaining() >= prefix + trailer) {
      const auto type = static_cast<std::uint16_t>(fields.integer(version2_ ? 1 : 2));
      const std::uint64_t bytes = fields.integer(2);
      const auto flags = fields.integer(1);
      fields.skip(prefix - (version2_ ? 4 : 5));
      std::vector<std::byte> body = fields.take(bytes);
      const bool shared = (flags & 2) != 0;
      if (type == message_layout && !shared) {
        layout_ = std::move(body);
        return;
      }
      if (type == message_continuation) {
        Hdf5Fields continuation(file_, format_, std::move(body));
        const std::uint64_t address = continuation.address();
        blocks_.push_back({address, continuation.length()});
      }
    }
  }

  const StoredFile& file_;
  Hdf5Format format_;
  bool version2_ = false;
  bool creation_order_ = false;
  std::vector<Block> blocks_;
  std::optional<std::vector<std::byte>> layout_;
};

/// Versions 1 to 3: the index is always a version 1 B-tree; the last extent is the element's size.
std::optional<ChunkLayout> read_old_layout(Hdf5Fields& fields, std::uint64_t version) {
  ChunkLayout layout;
  std::uint64_t ndim = 0, layout_class = 0;
  if (version == 3) {
    layout_class = fields.integer(1);
    if (layout_class != 2) return std::nullopt;
    ndim = fields.integer(1);
  } else {
    ndim = fields.integer(1);
    layout_class = fields.integer(1);
    if (layout_class != 2) return std::nullopt;
    fields.skip(5);
  }
  layout.address = fields.address();
  layout.is_undefined = fields.is_undefined(layout.address);
  if (ndim < 2 || ndim > 33) fields.fail("a chunk of " + std::to_string(ndim) + " dims");
  for (std::uint64_t axis = 0; axis + 1 < ndim; ++axis) layout.chunk_shape.push_back(fields.integer(4));
  layout.element_bytes = fields.integer(4);
  return layout;
}

std::optional<ChunkLayout> read_layout4(Hdf5Fields& fields) {
  ChunkLayout layout;
  if (fields.integer(1) != 2) return std::nullopt;
  const auto flags = fields.integer(1);
  const std::uint64_t ndim = fields.integer(1);
  const int extent_bytes = static_cast<int>(fields.integer(1));
  if (ndim < 2 || ndim > 33 || extent_bytes < 1 || extent_bytes > 8) fields.fail("chunk layout");
  for (std::uint64_t axis = 0; axis + 1 < ndim; ++axis) layout.chunk_shape.push_back(fields.integer(extent_bytes));
  layout.element_bytes = fields.integer(extent_bytes);
  switch (fields.integer(1)) {
    case 1:
      layout.kind = ChunkIndexKind::single;
      layout.single_filtered = (flags & 2) != 0;
      if (layout.single_filtered) {
        layout.single_bytes = fields.length();
        layout.single_filter_mask = static_cast<std::uint32_t>(fields.integer(4));
      }
      break;
    case 2: layout.kind = ChunkIndexKind::implicit; break;
    case 3:
      layout.kind = ChunkIndexKind::fixed_array;
      fields.skip(1);
      break;
    case 4:
      layout.kind = ChunkIndexKind::extensible_array;
      fields.skip(5);
      break;
    case 5:
      layout.kind = ChunkIndexKind::btree2;
      fields.skip(6);
      break;
    default: return std::nullopt;
  }
  layout.address = fields.address();
  layout.is_undefined = fields.is_undefined(layout.address);
  return layout;
}

}  // namespace

Hdf5Fields::Hdf5Fields(const StoredFile& file, const Hdf5Format& format, std::uint64_t address, std::uint64_t count)
    : file_(&file), format_(format) {
  if (address > file.size() || format.base > file.size()) fail("an address beyond its end");
  bytes_ = file.read(format.base + address, count);
}

std::uint64_t Hdf5Fields::integer(int bytes) {
  if (static_cast<std::size_t>(bytes) > remaining()) fail("a structure ends too early");
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value |= std::to_integer<std::uint64_t>(bytes_[position_ + static_cast<std::size_t>(i)]) << (8 * i);
  position_ += static_cast<std::size_t>(bytes);
  return value;
}

void Hdf5Fields::skip(std::uint64_t count) {
  if (count > remaining()) fail("a structure ends too early");
  position_ += count;
}

std::vector<std::byte> Hdf5Fields::take(std::uint64_t count) {
  const std::size_t begin = position_;
  skip(count);
  return {bytes_.begin() + static_cast<std::ptrdiff_t>(begin), bytes_.begin() + static_cast<std::ptrdiff_t>(position_)};
}

void Hdf5Fields::expect(const char* signature) {
  const auto found = take(4);
  if (std::memcmp(found.data(), signature, 4) != 0) fail(std::string("no ") + signature + " where one belongs");
}

bool Hdf5Fields::is_undefined(std::uint64_t address) const {
  return address == (format_.address_bytes >= 8 ? UINT64_MAX : (1ull << (8 * format_.address_bytes)) - 1);
}

void Hdf5Fields::fail(const std::string& what) const {
  throw InputError("cannot read " + file_->path() + ": damaged HDF5 structure: " + what);
}

std::optional<ChunkLayout> read_chunk_layout(const StoredFile& file, const Hdf5Format& format, std::uint64_t address) {
  const auto message = HeaderWalk(file, format).find_layout(address);
  if (!message) return std::nullopt;
  Hdf5Fields fields(file, format, *message);
  const std::uint64_t version = fields.integer(1);
  if (version >= 1 && version <= 3) return read_old_layout(fields, version);
  if (version == 4) return read_layout4(fields);
  return std::nullopt;
}

}  // namespace rankine::store
