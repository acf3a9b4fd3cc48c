#include "store/hdf5/object_header.hpp"

#include <cstring>

#include "base/error.hpp"

namespace rankine::store {
namespace {

/// Real headers have a handful of continuation blocks; a damaged one may form a ring.
constexpr std::size_t max_header_blocks = 4096;
constexpr unsigned flag_shared = 2;

struct Block { std::uint64_t address; std::uint64_t bytes; };

/// One pass over all messages of a header, following continuations.
class HeaderWalk {
 public:
  /// `follow`: shared messages; false while one is being followed, since they never lead on.
  HeaderWalk(const Hdf5File& file, bool follow) : file_(file), follow_(follow) {}

  ObjectHeader read(std::uint64_t address) {
    header_.address = address;
    Hdf5Fields probe(file_, address, 4);
    const auto first = probe.take(4);
    if (std::memcmp(first.data(), "OHDR", 4) == 0) start_version2(address);
    else if (first[0] == std::byte{1}) start_version1(address);
    else probe.fail("unknown object header version");
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i == max_header_blocks) probe.fail("endless object header");
      read_block(blocks_[i], i == 0);
    }
    return std::move(header_);
  }

 private:
  void start_version1(std::uint64_t address) {
    Hdf5Fields prefix(file_, address, 12);
    prefix.skip(8);
    blocks_.push_back({address + 16, prefix.integer(4)});
  }

  void start_version2(std::uint64_t address) {
    version2_ = true;
    Hdf5Fields prefix(file_, address, 6);
    prefix.skip(4);
    if (prefix.integer(1) != 2) prefix.fail("unknown object header version");
    const auto flags = prefix.integer(1);
    creation_order_ = (flags & 4) != 0;
    const std::uint64_t before = 6 + ((flags & 0x20) != 0 ? 16 : 0) + ((flags & 0x10) != 0 ? 4 : 0);
    const int size_bytes = 1 << (flags & 3);
    Hdf5Fields size(file_, address + before, static_cast<std::uint64_t>(size_bytes));
    const std::uint64_t bytes = size.integer(size_bytes);
    first_skip_ = before + static_cast<std::uint64_t>(size_bytes);
    if (bytes > file_.size()) prefix.fail("an object header larger than its file");
    blocks_.push_back({address, first_skip_ + bytes + 4});
  }

  void read_block(Block block, bool first) {  // a copy: blocks_ grows meanwhile
    Hdf5Fields fields(file_, block.address, block.bytes);
    std::size_t trailer = 0;
    if (version2_) {
      fields.verify_checksum("an object header");
      trailer = 4;
      if (first) fields.skip(first_skip_);
      else fields.expect("OCHK");
    }
    const std::size_t prefix = version2_ ? (creation_order_ ? 6 : 4) : 8;
    while (fields.remaining() >= prefix + trailer) {
      Hdf5Message message;
      message.type = static_cast<MessageType>(fields.integer(version2_ ? 1 : 2));
      const std::uint64_t bytes = fields.integer(2);
      const auto flags = static_cast<unsigned>(fields.integer(1));
      message.creation_order = header_.messages.size();
      if (version2_ && creation_order_) message.creation_order = fields.integer(2);
      else if (!version2_) fields.skip(3);
      if (bytes + trailer > fields.remaining()) fields.fail("a header message beyond its block");
      message.body_address = block.address + fields.position();
      message.body = fields.take(bytes);
      if (message.type == MessageType::continuation) {
        Hdf5Fields continuation(file_, std::move(message.body));
        const std::uint64_t address = continuation.address();
        blocks_.push_back({address, continuation.length()});
        continue;
      }
      if ((flags & flag_shared) != 0) {
        if (!follow_) continue;
        message.body = follow_shared(file_, message.type, std::move(message.body), flags);
      }
      header_.messages.push_back(std::move(message));
    }
  }

  const Hdf5File& file_;
  bool follow_;
  bool version2_ = false;
  bool creation_order_ = false;
  std::uint64_t first_skip_ = 0;
  std::vector<Block> blocks_;
  ObjectHeader header_;
};

}  // namespace

const Hdf5Message* ObjectHeader::find(MessageType type) const {
  for (const Hdf5Message& message : messages)
    if (message.type == type) return &message;
  return nullptr;
}

ObjectHeader read_object_header(const Hdf5File& file, std::uint64_t address) { return HeaderWalk(file, true).read(address); }

std::vector<std::byte> follow_shared(const Hdf5File& file, MessageType type, std::vector<std::byte> body, unsigned flags) {
  if ((flags & flag_shared) == 0) return body;
  Hdf5Fields fields(file, std::move(body));
  const auto version = fields.integer(1);
  const auto kind = fields.integer(1);
  if (version < 1 || version > 3) fields.fail("unknown version of a shared message");
  // The superblock extension would have announced a table of shared messages.
  if (version == 3 && kind != 2) fields.fail("a shared message without the table of such");
  if (version == 1) fields.skip(6);
  const ObjectHeader owner = HeaderWalk(file, false).read(fields.address());
  const Hdf5Message* found = owner.find(type);
  if (found == nullptr) fields.fail("a shared message that is not there");
  return found->body;
}

}  // namespace rankine::store
