#include "store/hdf5/hdf5_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.hpp"
#include "store/hdf5/lookup3.hpp"

namespace rankine::store {
namespace {

/// Metadata cluster: what is asked of parallel file systems comes in pieces that they like.
constexpr std::uint64_t page_bytes = 32u << 10;
constexpr char signature[9] = "\211HDF\r\n\032\n";

}  // namespace

Hdf5File::Hdf5File(const std::string& path) : file_(path) {
  std::uint64_t at = 0;
  for (;; at = at == 0 ? 512 : 2 * at) {
    if (at + 8 > file_.size()) throw InputError("cannot read " + path + ": it is not an HDF5 file");
    std::byte head[8];
    file_.read(at, head);
    if (std::memcmp(head, signature, 8) == 0) break;
  }
  base_ = at;
  Hdf5Fields probe(*this, 8, 3);
  const auto version = probe.integer(1);
  std::uint64_t end = 0;
  if (version <= 1) {
    Hdf5Fields sizes(*this, 13, 2);
    address_bytes_ = static_cast<int>(sizes.integer(1));
    length_bytes_ = static_cast<int>(sizes.integer(1));
  } else if (version <= 3) {
    address_bytes_ = static_cast<int>(probe.integer(1));
    length_bytes_ = static_cast<int>(probe.integer(1));
  } else {
    fail("superblock version " + std::to_string(version) + " is unknown");
  }
  for (const int bytes : {address_bytes_, length_bytes_})
    if (bytes != 2 && bytes != 4 && bytes != 8) fail("addresses of " + std::to_string(bytes) + " bytes");
  if (version <= 1) {
    const std::uint64_t before = version == 0 ? 24 : 28;
    Hdf5Fields fields(*this, before, static_cast<std::uint64_t>(6 * address_bytes_));
    fields.address();  // the base address: where the signature stands counts
    fields.address();
    end = fields.address();
    fields.address();
    fields.address();
    root_ = fields.address();
  } else {
    Hdf5Fields fields(*this, 0, static_cast<std::uint64_t>(12 + 4 * address_bytes_ + 4));
    fields.verify_checksum("the superblock");
    fields.skip(12);
    fields.address();
    extension_ = fields.address();
    end = fields.address();
    root_ = fields.address();
  }
  if (extension_ == undefined_address()) extension_ = UINT64_MAX;
  if (end > size() && end != undefined_address())
    throw InputError("cannot read " + path + ": it is truncated: its superblock says that it has " +
                     std::to_string(end) + " bytes, and it has " + std::to_string(size()) + "; copy it again");
}

std::uint64_t Hdf5File::undefined_address() const {
  return address_bytes_ >= 8 ? UINT64_MAX : (1ull << (8 * address_bytes_)) - 1;
}

bool Hdf5File::holds(std::uint64_t address, std::uint64_t count) const {
  const std::uint64_t room = size() - base_;
  return address <= room && count <= room - address;
}

std::span<const std::byte> Hdf5File::page(std::uint64_t number) const {
  auto& page = pages_[number];
  if (page.empty()) {
    page.resize(std::min(page_bytes, size() - number * page_bytes));
    file_.read(number * page_bytes, page);
  }
  return page;
}

std::vector<std::byte> Hdf5File::read(std::uint64_t address, std::uint64_t count) const {
  if (!holds(address, count)) fail("it refers to bytes beyond its end");
  std::uint64_t at = base_ + address;
  if (count > page_bytes) return file_.read(at, count);
  std::vector<std::byte> bytes(count);
  for (std::uint64_t done = 0; done < count;) {
    const auto source = page(at / page_bytes).subspan(at % page_bytes);
    const std::uint64_t now = std::min<std::uint64_t>(source.size(), count - done);
    std::memcpy(bytes.data() + done, source.data(), now);
    done += now;
    at += now;
  }
  return bytes;
}

void Hdf5File::fail(const std::string& what) const {
  throw InputError("cannot read " + path() + ": damaged HDF5 structure: " + what);
}

std::uint64_t Hdf5Fields::integer(int bytes) {
  if (bytes < 0 || bytes > 8 || static_cast<std::size_t>(bytes) > remaining()) fail("a structure ends too early");
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

std::string Hdf5Fields::terminated_text() {
  std::string text;
  for (char c; (c = static_cast<char>(integer(1))) != '\0';) text += c;
  return text;
}

void Hdf5Fields::expect(const char* expected) {
  const auto found = take(4);
  if (std::memcmp(found.data(), expected, 4) != 0) fail(std::string("no ") + expected + " where one belongs");
}

void Hdf5Fields::verify_checksum(const char* what) const {
  if (bytes_.size() < 4) fail("a structure ends too early");
  const std::span<const std::byte> body(bytes_.data(), bytes_.size() - 4);
  std::uint32_t stored = 0;
  for (std::size_t i = 0; i < 4; ++i) stored |= std::to_integer<std::uint32_t>(bytes_[body.size() + i]) << (8 * i);
  if (stored != lookup3(body)) fail(std::string("the checksum of ") + what + " does not fit");
}

int bytes_for(std::uint64_t limit) { return (limit == 0 ? 0 : static_cast<int>(std::bit_width(limit)) - 1) / 8 + 1; }

}  // namespace rankine::store
