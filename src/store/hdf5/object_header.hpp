#pragma once
#include <cstdint>
#include <vector>

#include "store/hdf5/hdf5_file.hpp"

namespace rankine::store {

enum class MessageType : std::uint16_t {
  dataspace = 0x01, link_info = 0x02, datatype = 0x03, old_fill = 0x04, fill = 0x05, link = 0x06, external_files = 0x07,
  layout = 0x08, group_info = 0x0a, filters = 0x0b, attribute = 0x0c, shared_table = 0x0f, continuation = 0x10,
  symbol_table = 0x11, attribute_info = 0x15,
};

/// One header message; shared ones (committed datatypes) are followed already.
struct Hdf5Message {
  MessageType type{};
  std::uint64_t creation_order = 0;       ///< of attributes in version 2 headers, else the place in the header
  std::vector<std::byte> body;
  std::uint64_t body_address = 0;         ///< where the body lies, for data inside it
};

struct ObjectHeader {
  std::uint64_t address = 0;
  std::vector<Hdf5Message> messages;
  /// The first of its type, or null.
  const Hdf5Message* find(MessageType type) const;
};

/// All messages of the object header at `address`, versions 1 and 2. Checksums are verified.
/// Throws InputError where the bytes contradict themselves.
/// Source: "HDF5 File Format Specification" version 3.0, IV.A.1.
ObjectHeader read_object_header(const Hdf5File& file, std::uint64_t address);

/// A message body that may be a reference to a committed one; `flags` are the message's.
std::vector<std::byte> follow_shared(const Hdf5File& file, MessageType type, std::vector<std::byte> body, unsigned flags);

}  // namespace rankine::store
