#include "store/netcdf3/header.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "codec/codec.hpp"

namespace rankine::store {
namespace {

constexpr std::uint32_t tag_dims = 10, tag_variables = 11, tag_attributes = 12;
/// Beyond any real array; keeps products far from overflow.
constexpr std::uint64_t max_data_bytes = 1ull << 62;

std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

struct ExternalType { DType dtype; bool characters; };

/// Walks the header's big-endian fields. The file is read in growing pieces, since the header's
/// length is stated nowhere.
class HeaderCursor {
 public:
  explicit HeaderCursor(const StoredFile& file) : file_(file) {}

  void set_version(int version) { version_ = version; }
  int version() const { return version_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError("cannot read " + file_.path() + ": damaged NetCDF-3 header: " + what);
  }
  std::span<const std::byte> take(std::uint64_t count) {
    if (count > file_.size() - position_) fail("it ends too early");
    if (position_ + count > bytes_.size()) {
      const std::uint64_t wanted = std::max<std::uint64_t>({position_ + count, 2 * bytes_.size(), 64u << 10});
      const std::uint64_t old_size = bytes_.size();
      bytes_.resize(std::min(wanted, file_.size()));
      file_.read(old_size, std::span(bytes_).subspan(old_size));
    }
    const auto part = std::span<const std::byte>(bytes_).subspan(position_, count);
    position_ += count;
    return part;
  }
  std::uint64_t integer(int size) {
    std::uint64_t value = 0;
    for (std::byte byte : take(static_cast<std::uint64_t>(size))) value = value << 8 | std::to_integer<std::uint64_t>(byte);
    return value;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  int count_bytes() const { return version_ == 5 ? 8 : 4; }
  /// The specification's NON_NEG.
  std::uint64_t non_negative(const char* what) {
    const std::uint64_t value = integer(count_bytes());
    if (value >> (8 * count_bytes() - 1) != 0) fail(std::string(what) + " is negative");
    return value;
  }
  /// A count of elements that take at least `element_bytes` each in this header.
  std::uint64_t count(const char* what, std::uint64_t element_bytes) {
    const std::uint64_t value = non_negative(what);
    if (value > (file_.size() - position_) / element_bytes) fail(std::string(what) + " exceeds the file");
    return value;
  }
  std::string name() {
    const std::uint64_t length = count("length of a name", 1);
    const auto bytes = take(padded(length));
    // Some writers counted a C string's end; for libnetcdf the name ends there.
    const std::string name(reinterpret_cast<const char*>(bytes.data()), length);
    return name.substr(0, name.find('\0'));
  }
  /// The element count of a list; 0 where it is absent.
  std::uint64_t list(std::uint32_t tag, const char* what, std::uint64_t element_bytes) {
    const std::uint32_t found = u32();
    const std::uint64_t elements = count(what, element_bytes);
    if (found != tag && !(found == 0 && elements == 0)) fail(std::string("no list where the ") + what + " belongs");
    return elements;
  }
  ExternalType type() {
    switch (const std::uint32_t code = u32()) {
      case 1: return {DType::int8, false};
      case 2: return {DType::int8, true};
      case 3: return {DType::int16, false};
      case 4: return {DType::int32, false};
      case 5: return {DType::float32, false};
      case 6: return {DType::float64, false};
      default:
        if (version_ == 5) {
          switch (code) {
            case 7: return {DType::uint8, false};
            case 8: return {DType::uint16, false};
            case 9: return {DType::uint32, false};
            case 10: return {DType::int64, false};
            case 11: return {DType::uint64, false};
            default: break;
          }
        }
        fail("unknown type " + std::to_string(code));
    }
  }

 private:
  const StoredFile& file_;
  std::vector<std::byte> bytes_;
  std::uint64_t position_ = 0;
  int version_ = 1;
};

array::Attributes read_attributes(HeaderCursor& cursor) {
  array::Attributes attributes;
  const std::uint64_t count = cursor.list(tag_attributes, "number of attributes", 12);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string name = cursor.name();
    const ExternalType type = cursor.type();
    const std::size_t element_bytes = size_of(type.dtype);
    const std::uint64_t elements = cursor.count("length of an attribute", element_bytes);
    const auto bytes = cursor.take(padded(elements * element_bytes));
    if (type.characters) {
      attributes.set(name, without_nuls(std::string(reinterpret_cast<const char*>(bytes.data()), elements)));
      continue;
    }
    NdArray values(type.dtype, elements == 1 ? Shape{} : Shape{static_cast<std::int64_t>(elements)});
    if (elements != 0) {
      std::memcpy(values.raw(), bytes.data(), elements * element_bytes);
      codec::swap_bytes({values.raw(), elements * element_bytes}, element_bytes);
    }
    attributes.set(name, std::move(values));
  }
  return attributes;
}

void read_dims(HeaderCursor& cursor, Netcdf3Header& header) {
  const std::uint64_t count = cursor.list(tag_dims, "number of dims", 8);
  bool has_record_dim = false;
  for (std::uint64_t i = 0; i < count; ++i) {
    Netcdf3Header::Dim dim;
    dim.name = cursor.name();
    dim.size = cursor.non_negative("size of a dim");
    if (dim.size == 0) {
      if (has_record_dim) cursor.fail("two record dims");
      has_record_dim = dim.record = true;
    }
    header.dims.push_back(std::move(dim));
  }
}

Netcdf3Header::Variable read_variable(HeaderCursor& cursor, const Netcdf3Header& header) {
  Netcdf3Header::Variable variable;
  variable.name = cursor.name();
  const std::uint64_t ndim = cursor.count("number of dims of a variable", static_cast<std::uint64_t>(cursor.count_bytes()));
  std::uint64_t elements = 1;
  for (std::uint64_t axis = 0; axis < ndim; ++axis) {
    const std::uint64_t id = cursor.non_negative("dim of a variable");
    if (id >= header.dims.size()) cursor.fail("variable '" + variable.name + "' has an unknown dim");
    const Netcdf3Header::Dim& dim = header.dims[id];
    if (dim.record && axis != 0) cursor.fail("the record dim of '" + variable.name + "' is not its first");
    variable.dims.push_back(id);
    if (dim.record) variable.record = true;
    else if (dim.size > max_data_bytes / 8 / elements) cursor.fail("variable '" + variable.name + "' is too large");
    else elements *= dim.size;
  }
  variable.attributes = read_attributes(cursor);
  const ExternalType type = cursor.type();
  variable.dtype = type.dtype;
  variable.characters = type.characters;
  variable.data_bytes = elements * size_of(type.dtype);
  // The stated size is redundant, and wrong by design for variables of 4 GiB and more in CDF-2.
  cursor.integer(cursor.count_bytes());
  variable.begin = cursor.integer(cursor.version() == 1 ? 4 : 8);
  if (variable.begin > max_data_bytes) cursor.fail("variable '" + variable.name + "' begins beyond any file");
  return variable;
}

/// The records of all record variables are interleaved, each padded to 4 bytes, except that a single
/// record variable has no padding.
std::uint64_t stride_of_records(const HeaderCursor& cursor, const Netcdf3Header& header) {
  std::uint64_t stride = 0, unpadded = 0, variables = 0;
  for (const auto& variable : header.variables) {
    if (!variable.record) continue;
    ++variables;
    unpadded = variable.data_bytes;
    stride += padded(variable.data_bytes);
    if (stride > max_data_bytes) cursor.fail("a record is too large");
  }
  return variables == 1 ? unpadded : stride;
}

}  // namespace

Netcdf3Header read_netcdf3_header(const StoredFile& file) {
  HeaderCursor cursor(file);
  const auto magic = cursor.take(4);
  const int version = std::to_integer<int>(magic[3]);
  if (std::memcmp(magic.data(), "CDF", 3) != 0 || (version != 1 && version != 2 && version != 5))
    throw InputError("cannot read " + file.path() + ": it is not a NetCDF-3 file");
  cursor.set_version(version);

  Netcdf3Header header;
  header.version = version;
  header.record_count = cursor.integer(cursor.count_bytes());
  // All ones: written by a stream that did not know its length.
  const bool streaming = header.record_count == (version == 5 ? UINT64_MAX : UINT32_MAX);
  read_dims(cursor, header);
  header.attributes = read_attributes(cursor);
  const std::uint64_t count = cursor.list(tag_variables, "number of variables", 28);
  for (std::uint64_t i = 0; i < count; ++i) header.variables.push_back(read_variable(cursor, header));

  header.record_stride = stride_of_records(cursor, header);
  if (streaming) {
    std::uint64_t begin = UINT64_MAX;
    for (const auto& variable : header.variables)
      if (variable.record) begin = std::min(begin, variable.begin);
    header.record_count =
        header.record_stride == 0 || begin >= file.size() ? 0 : (file.size() - begin) / header.record_stride;
  }
  if (header.record_count > max_data_bytes / std::max<std::uint64_t>(header.record_stride, 1))
    cursor.fail("more records than any file holds");
  for (auto& dim : header.dims)
    if (dim.record) dim.size = header.record_count;
  for (const auto& variable : header.variables) {
    if (variable.record && header.record_count == 0) continue;
    const std::uint64_t records_before = variable.record ? (header.record_count - 1) * header.record_stride : 0;
    header.data_end = std::max(header.data_end, variable.begin + records_before + variable.data_bytes);
  }
  return header;
}

}  // namespace rankine::store
