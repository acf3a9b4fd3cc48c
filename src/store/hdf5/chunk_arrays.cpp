#include <algorithm>
#include <bit>

#include "store/hdf5/chunk_collector.hpp"

namespace rankine::store {
namespace {

/// Bits are kept from the most significant one of each byte.
bool bit_at(const std::vector<std::byte>& bits, std::uint64_t at) {
  return (std::to_integer<unsigned>(bits[at / 8]) >> (7 - at % 8) & 1) != 0;
}

}  // namespace

/// "FAHD" points at one data block "FADB" whose elements, if many, lie in pages of their own checksum.
void walk_fixed_array(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out) {
  const auto addresses = static_cast<std::uint64_t>(file.address_bytes());
  Hdf5Fields header(file, layout.address, 8 + addresses + static_cast<std::uint64_t>(file.length_bytes()) + checksum_bytes);
  header.expect("FAHD");
  header.verify_checksum("a fixed array");
  if (header.integer(1) != 0) header.fail("unknown fixed array version");
  const bool filtered = header.integer(1) == 1;
  const ArrayElements elements(file, filtered, header.integer(1), space.filtered);
  const auto page_bits = header.integer(1);
  const std::uint64_t count = header.length();
  const std::uint64_t block = header.address();
  const ChunkNumbers numbers(layout, space);
  if (header.is_undefined(block) || numbers.is_empty()) return;
  if (page_bits > 32 || count > file.size() / elements.element_bytes) header.fail("a fixed array beyond the file");
  const std::uint64_t page_elements = 1ull << page_bits;
  const std::uint64_t prefix = 6 + addresses;
  if (count <= page_elements) {
    Hdf5Fields fields(file, block, prefix + count * elements.element_bytes + checksum_bytes);
    fields.expect("FADB");
    fields.verify_checksum("a fixed array's block");
    fields.skip(prefix - 4);
    return elements.read(fields, 0, count, numbers, out);
  }
  const std::uint64_t pages = count / page_elements + (count % page_elements != 0 ? 1 : 0);
  Hdf5Fields head(file, block, prefix + (pages + 7) / 8 + checksum_bytes);
  head.expect("FADB");
  head.verify_checksum("a fixed array's block");
  head.skip(prefix - 4);
  const auto written = head.take((pages + 7) / 8);
  std::uint64_t at = block + prefix + written.size() + checksum_bytes;
  for (std::uint64_t page = 0; page < pages; ++page) {
    const std::uint64_t first = page * page_elements;
    const std::uint64_t now = std::min(page_elements, count - first);
    if (bit_at(written, page)) {
      Hdf5Fields fields(file, at, now * elements.element_bytes + checksum_bytes);
      fields.verify_checksum("a fixed array's page");
      elements.read(fields, first, now, numbers, out);
    }
    at += now * elements.element_bytes + checksum_bytes;
  }
}

namespace {

/// "EAHD" points at an index block "EAIB" that holds the first elements, the addresses of the first data blocks
/// "EADB", and those of super blocks "EASB", which hold addresses of more. Super block s stands for 2^(s/2) data
/// blocks of 2^((s+1)/2) times the smallest number of elements.
class ExtensibleArrayWalk {
 public:
  ExtensibleArrayWalk(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out)
      : file_(file), numbers_(layout, space), out_(out), addresses_(static_cast<std::uint64_t>(file.address_bytes())) {
    Hdf5Fields header(file, layout.address, 12 + addresses_ + 6 * static_cast<std::uint64_t>(file.length_bytes()) + checksum_bytes);
    header.expect("EAHD");
    header.verify_checksum("an extensible array");
    if (header.integer(1) != 0) header.fail("unknown extensible array version");
    const bool filtered = header.integer(1) == 1;
    elements_ = ArrayElements(file, filtered, header.integer(1), space.filtered);
    const std::uint64_t max_bits = header.integer(1);
    index_elements_ = header.integer(1);
    min_elements_ = header.integer(1);
    min_pointers_ = header.integer(1);
    const std::uint64_t page_bits = header.integer(1);
    for (int i = 0; i < 4; ++i) header.length();
    max_index_ = header.length();
    header.length();
    index_block_ = header.address();
    if (!std::has_single_bit(min_elements_) || !std::has_single_bit(min_pointers_) || max_bits > 64 || page_bits > 32 ||
        static_cast<std::uint64_t>(std::bit_width(min_elements_)) - 1 > max_bits)
      header.fail("an extensible array of impossible shape");
    page_elements_ = 1ull << page_bits;
    offset_bytes_ = (max_bits + 7) / 8;
    super_blocks_ = 1 + max_bits - (static_cast<std::uint64_t>(std::bit_width(min_elements_)) - 1);
  }

  void walk() {
    if (index_block_ == file_.undefined_address() || numbers_.is_empty()) return;
    const std::uint64_t direct_super_blocks =
        std::min(super_blocks_, 2 * (static_cast<std::uint64_t>(std::bit_width(min_pointers_)) - 1));
    const std::uint64_t direct_blocks = 2 * (min_pointers_ - 1);
    Hdf5Fields index(file_, index_block_, 6 + addresses_ + index_elements_ * elements_.element_bytes +
                                              (direct_blocks + super_blocks_ - direct_super_blocks) * addresses_ + checksum_bytes);
    index.expect("EAIB");
    index.verify_checksum("an extensible array's index block");
    index.skip(2 + addresses_);
    read(index, 0, index_elements_);
    std::uint64_t first = index_elements_;
    std::uint64_t block = 0;
    for (std::uint64_t s = 0; s < super_blocks_ && first < max_index_; ++s) {
      if (s / 2 > 40 || (s + 1) / 2 > 40) file_.fail("an extensible array without end");
      const std::uint64_t blocks = 1ull << (s / 2);
      const std::uint64_t block_elements = (1ull << ((s + 1) / 2)) * min_elements_;
      if (s < direct_super_blocks) {
        for (std::uint64_t i = 0; i < blocks; ++i, ++block, first += block_elements) {
          if (block >= direct_blocks) index.fail("an extensible array of impossible shape");
          // Paged blocks hang on super blocks only, where it is noted which pages were written.
          read_block(index.address(), first, block_elements, nullptr, 0);
        }
        continue;
      }
      while (block < direct_blocks) index.address(), ++block;
      const std::uint64_t address = index.address();
      if (!index.is_undefined(address)) read_super_block(address, first, blocks, block_elements);
      first += blocks * block_elements;
    }
  }

 private:
  void read(Hdf5Fields& fields, std::uint64_t first, std::uint64_t count) {
    if (first < max_index_) elements_.read(fields, first, std::min(count, max_index_ - first), numbers_, out_);
    if (first >= max_index_ || max_index_ - first < count)
      fields.skip((first >= max_index_ ? count : count - (max_index_ - first)) * elements_.element_bytes);
  }

  void read_super_block(std::uint64_t address, std::uint64_t first, std::uint64_t blocks, std::uint64_t block_elements) {
    const std::uint64_t pages = block_elements > page_elements_ ? block_elements / page_elements_ : 0;
    const std::uint64_t bitmap_bytes = pages == 0 ? 0 : blocks * ((pages + 7) / 8);
    if (blocks > file_.size() || bitmap_bytes > file_.size()) file_.fail("an extensible array beyond the file");
    Hdf5Fields fields(file_, address, 6 + addresses_ + offset_bytes_ + bitmap_bytes + blocks * addresses_ + checksum_bytes);
    fields.expect("EASB");
    fields.verify_checksum("an extensible array's super block");
    fields.skip(2 + addresses_ + offset_bytes_);
    const auto written = fields.take(bitmap_bytes);
    for (std::uint64_t i = 0; i < blocks; ++i, first += block_elements)
      read_block(fields.address(), first, block_elements, pages == 0 ? nullptr : &written, i * pages);
  }

  /// `written`: the pages of the super block that were written; those of this block from bit `first_page` on.
  void read_block(std::uint64_t address, std::uint64_t first, std::uint64_t count, const std::vector<std::byte>* written,
                  std::uint64_t first_page) {
    if (address == file_.undefined_address() || first >= max_index_) return;
    const std::uint64_t prefix = 6 + addresses_ + offset_bytes_;
    if (count > file_.size() / elements_.element_bytes) file_.fail("an extensible array beyond the file");
    if (written == nullptr) {
      Hdf5Fields fields(file_, address, prefix + count * elements_.element_bytes + checksum_bytes);
      fields.expect("EADB");
      fields.verify_checksum("an extensible array's block");
      fields.skip(prefix - 4);
      return read(fields, first, count);
    }
    Hdf5Fields head(file_, address, prefix + checksum_bytes);
    head.expect("EADB");
    head.verify_checksum("an extensible array's block");
    std::uint64_t at = address + prefix + checksum_bytes;
    for (std::uint64_t page = 0; page < count / page_elements_; ++page) {
      if (bit_at(*written, first_page + page)) {
        Hdf5Fields fields(file_, at, page_elements_ * elements_.element_bytes + checksum_bytes);
        fields.verify_checksum("an extensible array's page");
        read(fields, first + page * page_elements_, page_elements_);
      }
      at += page_elements_ * elements_.element_bytes + checksum_bytes;
    }
  }

  const Hdf5File& file_;
  ChunkNumbers numbers_;
  ChunkCollector& out_;
  std::uint64_t addresses_;
  ArrayElements elements_{};
  std::uint64_t index_elements_ = 0, min_elements_ = 0, min_pointers_ = 0, max_index_ = 0, index_block_ = 0;
  std::uint64_t page_elements_ = 0, offset_bytes_ = 0, super_blocks_ = 0;
};

}  // namespace

void walk_extensible_array(const Hdf5File& file, const ChunkLayout& layout, const ChunkSpace& space, ChunkCollector& out) {
  ExtensibleArrayWalk(file, layout, space, out).walk();
}

}  // namespace rankine::store
