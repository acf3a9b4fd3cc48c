#include "store/hdf5/fractal_heap.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "store/hdf5/btree2.hpp"
#include "store/hdf5/lookup3.hpp"

namespace rankine::store {
namespace {

constexpr int huge_objects_tree = 1;

std::uint64_t log2_of(std::uint64_t power) { return static_cast<std::uint64_t>(std::bit_width(power)) - 1; }

}  // namespace

FractalHeap::FractalHeap(const Hdf5File& file, std::uint64_t address) : file_(file), address_(address) {
  const auto addresses = static_cast<std::uint64_t>(file.address_bytes()), lengths = static_cast<std::uint64_t>(file.length_bytes());
  Hdf5Fields fields(file, address, 26 + 3 * addresses + 12 * lengths);
  fields.expect("FRHP");
  if (fields.integer(1) != 0) fields.fail("unknown fractal heap version");
  id_bytes_ = fields.integer(2);
  if (fields.integer(2) != 0) fields.fail("a fractal heap with filters");
  fields.verify_checksum("a fractal heap");
  direct_checksums_ = (fields.integer(1) & 2) != 0;
  max_managed_ = fields.integer(4);
  fields.length();
  huge_index_ = fields.address();
  fields.length();
  fields.address();
  for (int i = 0; i < 8; ++i) fields.length();
  width_ = fields.integer(2);
  start_bytes_ = fields.length();
  max_direct_bytes_ = fields.length();
  const auto heap_bits = fields.integer(2);
  fields.integer(2);
  root_ = fields.address();
  root_rows_ = fields.integer(2);
  if (!std::has_single_bit(width_) || !std::has_single_bit(start_bytes_) || !std::has_single_bit(max_direct_bytes_) ||
      start_bytes_ > max_direct_bytes_ || max_direct_bytes_ > UINT32_MAX || heap_bits > 64 || heap_bits == 0 ||
      root_rows_ > 64 || width_ > 4096 || id_bytes_ == 0)
    fields.fail("a fractal heap of impossible shape");
  offset_bytes_ = static_cast<int>((heap_bits + 7) / 8);
  length_bytes_ = std::min(static_cast<int>((log2_of(max_direct_bytes_) + 7) / 8), bytes_for(max_managed_));
}

FractalHeap::Place FractalHeap::find_block(std::uint64_t offset) {
  if (root_rows_ == 0) return {root_, 0, start_bytes_};
  std::uint64_t block = root_, start = 0, rows = root_rows_;
  const std::uint64_t direct_rows = log2_of(max_direct_bytes_) - log2_of(start_bytes_) + 2;
  const auto addresses = static_cast<std::uint64_t>(file_.address_bytes());
  // Each level down covers less than the one above, so this ends.
  for (int level = 0; level < 64; ++level) {
    const std::uint64_t head = 5 + addresses + static_cast<std::uint64_t>(offset_bytes_);
    Hdf5Fields fields(file_, block, head + rows * width_ * addresses + 4);
    fields.expect("FHIB");
    fields.verify_checksum("a fractal heap's block");
    fields.skip(head - 4);
    std::uint64_t row = 0, row_start = start;
    while (row < rows && offset - row_start >= row_bytes(row) * width_) row_start += row_bytes(row++) * width_;
    if (row >= rows || offset < start) fields.fail("a heap object outside its heap");
    const std::uint64_t column = (offset - row_start) / row_bytes(row);
    fields.skip((row * width_ + column) * addresses);
    const std::uint64_t child = fields.address();
    if (fields.is_undefined(child)) fields.fail("a heap object in a block that is not there");
    const std::uint64_t child_start = row_start + column * row_bytes(row);
    if (row < direct_rows) return {child, child_start, row_bytes(row)};
    rows = log2_of(row_bytes(row)) - log2_of(start_bytes_) - log2_of(width_) + 1;
    if (rows > 64) fields.fail("a fractal heap of impossible shape");
    block = child;
    start = child_start;
  }
  file_.fail("an endless fractal heap");
}

const std::vector<std::byte>& FractalHeap::direct_block(const Place& place) {
  const auto found = blocks_.find(place.address);
  if (found != blocks_.end() && found->second.size() == place.bytes) return found->second;
  Hdf5Fields fields(file_, place.address, place.bytes);
  fields.expect("FHDB");
  auto bytes = file_.read(place.address, place.bytes);
  if (direct_checksums_) {
    // Over the whole block, with the checksum itself as zeros.
    const std::size_t at = 5 + static_cast<std::size_t>(file_.address_bytes() + offset_bytes_);
    if (at + 4 > bytes.size()) fields.fail("a heap block of impossible size");
    fields.skip(at - 4);
    const auto stored = fields.integer(4);
    std::memset(bytes.data() + at, 0, 4);
    if (stored != lookup3(bytes)) fields.fail("the checksum of a heap block does not fit");
  }
  return blocks_[place.address] = std::move(bytes);
}

std::vector<std::byte> FractalHeap::object(std::vector<std::byte> id) {
  Hdf5Fields fields(file_, std::move(id));
  const auto head = fields.integer(1);
  const auto kind = head >> 4 & 3;
  if (head >> 6 != 0 || kind == 3) fields.fail("a heap object of unknown kind");
  if (kind == 0) {
    const std::uint64_t offset = fields.integer(offset_bytes_);
    const std::uint64_t bytes = fields.integer(length_bytes_);
    if (fields.is_undefined(root_)) fields.fail("a heap object in an empty heap");
    const Place place = find_block(offset);
    const auto& block = direct_block(place);
    if (offset < place.start || offset - place.start > block.size() || bytes > block.size() - (offset - place.start))
      fields.fail("a heap object outside its block");
    const auto begin = block.begin() + static_cast<std::ptrdiff_t>(offset - place.start);
    return {begin, begin + static_cast<std::ptrdiff_t>(bytes)};
  }
  if (kind == 2) {
    const bool is_long = id_bytes_ > 17;
    std::uint64_t bytes = head & 15;
    if (is_long) bytes = bytes << 8 | fields.integer(1);
    return fields.take(bytes + 1);
  }
  const int number_bytes = static_cast<int>(std::min<std::uint64_t>(8, id_bytes_ - 1));
  if (id_bytes_ > static_cast<std::uint64_t>(file_.address_bytes() + file_.length_bytes())) {
    const std::uint64_t address = fields.address();
    return file_.read(address, fields.length());
  }
  const std::uint64_t number = fields.integer(number_bytes);
  if (!huge_objects_) {
    huge_objects_.emplace();
    walk_btree2(file_, huge_index_, huge_objects_tree, [&](Hdf5Fields& record) {
      const std::uint64_t address = record.address(), bytes = record.length();
      (*huge_objects_)[record.length()] = {address, bytes};
    });
  }
  const auto huge = huge_objects_->find(number);
  if (huge == huge_objects_->end()) fields.fail("a huge heap object that is not there");
  return file_.read(huge->second.first, huge->second.second);
}

}  // namespace rankine::store
