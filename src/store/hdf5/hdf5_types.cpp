#include "store/hdf5/hdf5_types.hpp"

#include "base/error.hpp"

namespace rankine::store {
namespace {

constexpr int max_type_depth = 16;

/// The smallest integer dtype that holds `precision` bits, as H5Tget_native_type chooses.
DType integer_dtype(std::uint64_t precision, bool is_signed) {
  if (precision <= 8) return is_signed ? DType::int8 : DType::uint8;
  if (precision <= 16) return is_signed ? DType::int16 : DType::uint16;
  if (precision <= 32) return is_signed ? DType::int32 : DType::uint32;
  return is_signed ? DType::int64 : DType::uint64;
}

void read_fixed(Hdf5Fields& fields, std::uint64_t bits, Hdf5Type& type) {
  type.big_endian = (bits & 1) != 0;
  type.is_signed = (bits & 8) != 0;
  const auto offset = fields.integer(2);
  const auto precision = fields.integer(2);
  if (precision > 64 || type.bytes > 8) return;
  type.is_numeric = true;
  type.dtype = integer_dtype(precision, type.is_signed);
  type.is_exact = offset == 0 && precision == 8 * type.bytes && size_of(type.dtype) == type.bytes;
}

void read_floating(Hdf5Fields& fields, std::uint64_t bits, Hdf5Type& type) {
  type.big_endian = (bits & 1) != 0;
  const bool vax = (bits & 0x40) != 0;
  const auto offset = fields.integer(2), precision = fields.integer(2);
  const auto exponent_at = fields.integer(1), exponent_bits = fields.integer(1);
  const auto mantissa_at = fields.integer(1), mantissa_bits = fields.integer(1);
  const auto bias = fields.integer(4);
  const auto sign_at = bits >> 8 & 0xff;
  const auto is = [&](std::uint64_t bytes, std::uint64_t mantissa, std::uint64_t exponent, std::uint64_t expected_bias) {
    return type.bytes == bytes && !vax && offset == 0 && precision == 8 * bytes && mantissa_at == 0 && mantissa_bits == mantissa &&
           exponent_at == mantissa && exponent_bits == exponent && bias == expected_bias && sign_at == 8 * bytes - 1 &&
           (bits >> 4 & 3) == 2;
  };
  if (type.bytes > 8) return;
  type.is_numeric = true;
  type.dtype = type.bytes <= 4 ? DType::float32 : DType::float64;
  type.is_exact = is(4, 23, 8, 127) || is(8, 52, 11, 1023);
}

}  // namespace

Hdf5Type read_datatype(Hdf5Fields& fields, int depth) {
  if (depth > max_type_depth) fields.fail("types within types without end");
  Hdf5Type type;
  const auto head = fields.integer(1);
  const auto version = head >> 4;
  const auto bits = fields.integer(3);
  type.bytes = fields.integer(4);
  if (version < 1 || version > 5 || (head & 15) > 10) fields.fail("an unknown datatype");
  type.kind = static_cast<Hdf5Class>(head & 15);
  switch (type.kind) {
    case Hdf5Class::fixed: read_fixed(fields, bits, type); break;
    case Hdf5Class::floating: read_floating(fields, bits, type); break;
    case Hdf5Class::enumeration: {
      const Hdf5Type base = read_datatype(fields, depth + 1);
      type.is_numeric = base.is_numeric && base.kind == Hdf5Class::fixed && base.bytes == type.bytes;
      type.dtype = base.dtype;
      type.is_exact = base.is_exact;
      type.big_endian = base.big_endian;
      type.is_signed = base.is_signed;
      type.base = std::make_shared<Hdf5Type>(base);
      break;
    }
    case Hdf5Class::variable_length:
      type.is_text = (bits & 15) == 1;
      type.base = std::make_shared<Hdf5Type>(read_datatype(fields, depth + 1));
      break;
    default: break;  // what else stands there says nothing about how many bytes an element has
  }
  const bool has_elements = type.bytes != 0 || type.kind == Hdf5Class::string;
  if (!has_elements || type.bytes > UINT32_MAX / 2) fields.fail("a datatype of impossible size");
  return type;
}

Hdf5Space read_dataspace(Hdf5Fields& fields) {
  Hdf5Space space;
  const auto version = fields.integer(1);
  const auto ndim = fields.integer(1);
  const auto flags = fields.integer(1);
  if (version < 1 || version > 2 || ndim > 32) fields.fail("an unknown dataspace");
  if (version == 1) fields.skip(5);
  else space.is_null = fields.integer(1) == 2;
  const std::uint64_t unlimited = fields.file().length_bytes() >= 8 ? UINT64_MAX : (1ull << (8 * fields.file().length_bytes())) - 1;
  for (std::uint64_t axis = 0; axis < ndim; ++axis) {
    space.extents.push_back(fields.length());
    if (space.extents.back() > INT64_MAX / 2) fields.fail("a dim of impossible size");
  }
  space.max_extents = space.extents;
  if ((flags & 1) != 0)
    for (auto& extent : space.max_extents) {
      extent = fields.length();
      if (extent == unlimited) extent = UINT64_MAX;
    }
  for (std::size_t axis = 0; axis < ndim; ++axis)
    if (space.max_extents[axis] < space.extents[axis]) fields.fail("a dim larger than its largest size");
  return space;
}

std::vector<std::byte> read_fill_value(Hdf5Fields& fields, bool old) {
  bool has_value = true;
  if (!old) {
    const auto version = fields.integer(1);
    if (version < 1 || version > 3) fields.fail("an unknown fill value message");
    if (version == 3) {
      has_value = (fields.integer(1) & 0x20) != 0;
    } else {
      fields.skip(2);
      const bool defined = fields.integer(1) != 0;
      has_value = version == 1 || defined;
      if (version == 1 && !defined) return {};
    }
  }
  if (!has_value) return {};
  const auto bytes = fields.integer(4);
  if (bytes > fields.remaining()) return {};  // libhdf5 writes -1 where there is no value
  return fields.take(bytes);
}

codec::Pipeline read_filters(Hdf5Fields& fields) {
  codec::Pipeline pipeline;
  const auto version = fields.integer(1);
  const auto count = fields.integer(1);
  if (version < 1 || version > 2 || count > 32) fields.fail("an unknown filter list");
  if (version == 1) fields.skip(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto id = static_cast<std::uint32_t>(fields.integer(2));
    const std::uint64_t name_bytes = version == 1 || id >= 256 ? fields.integer(2) : 0;
    fields.skip(2);
    const std::uint64_t values = fields.integer(2);
    fields.skip(version == 1 ? (name_bytes + 7) / 8 * 8 : name_bytes);
    codec::Codec codec;
    for (std::uint64_t value = 0; value < values; ++value)
      codec.parameters.push_back(static_cast<std::uint32_t>(fields.integer(4)));
    if (version == 1 && values % 2 != 0) fields.skip(4);
    const auto parameter = [&](std::size_t at) { return at < codec.parameters.size() ? codec.parameters[at] : 0; };
    using codec::Kind;
    switch (id) {
      case 1:
        codec.kind = Kind::deflate;
        codec.level = static_cast<int>(parameter(0) & 15);
        codec.parameters.clear();
        break;
      case 2:
        if (parameter(0) < 1 || parameter(0) > 1u << 16) fields.fail("a shuffle filter without element size");
        codec.kind = Kind::shuffle;
        codec.element_bytes = static_cast<int>(parameter(0));
        codec.parameters.clear();
        break;
      case 3:
        codec.kind = Kind::fletcher32;
        codec.parameters.clear();
        break;
      case 4: codec.kind = Kind::szip; break;
      case 307:
        codec.kind = Kind::bz2;
        codec.level = static_cast<int>(parameter(0) & 15);
        codec.parameters.clear();
        break;
      case 32000: codec.kind = Kind::lzf; break;
      case 32001: {
        static constexpr const char* compressors[] = {"blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"};
        codec.kind = Kind::blosc;
        if (codec.parameters.size() > 2) codec.element_bytes = static_cast<int>(std::min(parameter(2), 255u));
        if (codec.parameters.size() > 4) codec.level = static_cast<int>(parameter(4) & 15);
        if (codec.parameters.size() > 5) codec.blosc_shuffle = static_cast<int>(parameter(5) & 3);
        codec.blosc_compressor = parameter(6) < std::size(compressors) ? compressors[parameter(6)] : "";
        codec.parameters.clear();
        break;
      }
      case 32004: codec.kind = Kind::hdf5_lz4; break;
      case 32008: codec.kind = Kind::bitshuffle; break;
      case 32015:
        codec.kind = Kind::zstd;
        codec.level = static_cast<int>(parameter(0));
        codec.parameters.clear();
        break;
      default:
        codec.kind = Kind::unknown;
        codec.parameters.insert(codec.parameters.begin(), id);
        break;
    }
    pipeline.push_back(std::move(codec));
  }
  return pipeline;
}

std::string describe_unsupported(const Hdf5Type& type) {
  switch (type.kind) {
    case Hdf5Class::compound: return "compound types are not supported";
    case Hdf5Class::opaque: return "opaque types are not supported";
    case Hdf5Class::reference: return "references are not supported";
    case Hdf5Class::bitfield: return "bit fields are not supported";
    case Hdf5Class::variable_length: return "variable-length types are not supported";
    case Hdf5Class::array: return "array types are not supported";
    case Hdf5Class::time: return "HDF5's time type is not supported";
    case Hdf5Class::enumeration: return "enumerations of other than integers are not supported";
    default: return "numbers of " + std::to_string(type.bytes) + " bytes are not supported";
  }
}

}  // namespace rankine::store
