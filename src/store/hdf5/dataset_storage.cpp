#include "store/hdf5/dataset_storage.hpp"

#include <algorithm>
#include <cstring>

#include "store/stored_file.hpp"

namespace rankine::store {
namespace {

constexpr H5Z_filter_t filter_bzip2 = 307, filter_blosc = 32001, filter_lz4 = 32004, filter_zstd = 32015;

struct StoredType { hid_t little; hid_t big; };

StoredType stored_type(DType dtype) {
  switch (dtype) {
    case DType::int8: return {H5T_STD_I8LE, H5T_STD_I8BE};
    case DType::int16: return {H5T_STD_I16LE, H5T_STD_I16BE};
    case DType::int32: return {H5T_STD_I32LE, H5T_STD_I32BE};
    case DType::int64: return {H5T_STD_I64LE, H5T_STD_I64BE};
    case DType::uint8: return {H5T_STD_U8LE, H5T_STD_U8BE};
    case DType::uint16: return {H5T_STD_U16LE, H5T_STD_U16BE};
    case DType::uint32: return {H5T_STD_U32LE, H5T_STD_U32BE};
    case DType::uint64: return {H5T_STD_U64LE, H5T_STD_U64BE};
    case DType::float32: return {H5T_IEEE_F32LE, H5T_IEEE_F32BE};
    default: return {H5T_IEEE_F64LE, H5T_IEEE_F64BE};
  }
}

/// False if the elements do not lie in the file exactly as `stored.dtype` (odd precision, half floats).
bool read_element_type(hid_t dataset, array::StoredArray& stored, Hdf5Handle& native) {
  Hdf5Handle type(H5Dget_type(dataset), H5Tclose);
  if (type && H5Tget_class(type) == H5T_ENUM) type = Hdf5Handle(H5Tget_super(type), H5Tclose);
  if (!type) return false;
  const StoredType expected = stored_type(stored.dtype);
  native = Hdf5Handle(H5Tcopy(expected.little), H5Tclose);
  if (H5Tequal(type, expected.little) > 0) return true;
  stored.big_endian = H5Tequal(type, expected.big) > 0;
  return stored.big_endian;
}

void read_fill(hid_t creation, hid_t native, array::StoredArray& stored) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  if (H5Pfill_value_defined(creation, &defined) < 0 || defined == H5D_FILL_VALUE_UNDEFINED) return;
  std::array<std::byte, 8> fill{};
  if (H5Pget_fill_value(creation, native, fill.data()) >= 0) stored.fill = fill;
}

void through_library(array::StoredArray& stored, const std::string& reason) {
  stored.storage = array::Storage::library;
  stored.library_reason = reason;
  stored.codecs.clear();
}

}  // namespace

bool codecs_of(hid_t creation, codec::Pipeline& codecs, std::string& reason) {
  const int count = H5Pget_nfilters(creation);
  if (count < 0) {
    reason = "unreadable filter list";
    return false;
  }
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0, config = 0, values[8] = {};
    std::size_t value_count = std::size(values);
    char name[64] = "";
    const H5Z_filter_t filter = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &value_count, values,
                                               sizeof name, name, &config);
    codec::Codec codec;
    switch (filter) {
      case H5Z_FILTER_DEFLATE:
        codec.kind = codec::Kind::deflate;
        codec.level = static_cast<int>(values[0]);
        break;
      case H5Z_FILTER_SHUFFLE:
        codec.kind = codec::Kind::shuffle;
        codec.element_bytes = static_cast<int>(values[0]);
        if (value_count < 1 || values[0] < 1 || values[0] > 1024) {
          reason = "shuffle filter without element size";
          return false;
        }
        break;
      case H5Z_FILTER_FLETCHER32: codec.kind = codec::Kind::fletcher32; break;
      case filter_zstd: codec.kind = codec::Kind::zstd; break;
      case filter_blosc: codec.kind = codec::Kind::blosc; break;
      case filter_bzip2: codec.kind = codec::Kind::bz2; break;
      case H5Z_FILTER_SZIP: reason = "szip filter"; return false;
      case H5Z_FILTER_NBIT: reason = "n-bit filter"; return false;
      case H5Z_FILTER_SCALEOFFSET: reason = "scale-offset filter"; return false;
      case filter_lz4: reason = "lz4 filter"; return false;
      default:
        reason = "filter " + std::to_string(filter) + (name[0] != '\0' ? " (" + std::string(name) + ")" : "");
        return false;
    }
    codecs.push_back(codec);
  }
  return codec::is_available(codecs, reason);
}

void mark_all_missing(array::StoredArray& stored) {
  stored.storage = array::Storage::chunked;
  // Few, large chunks: nothing is read for them.
  stored.chunk_shape = read_shape(stored.shape, size_of(stored.dtype), 16u << 20);
  std::uint64_t count = 1;
  for (std::size_t axis = 0; axis < stored.shape.size(); ++axis)
    count *= static_cast<std::uint64_t>(ceil_div(stored.shape[axis], stored.chunk_shape[axis]));
  auto index = std::make_shared<array::ChunkIndex>();
  index->offsets.assign(count, array::ChunkIndex::missing);
  index->sizes.assign(count, 0);
  stored.index = std::move(index);
}

void describe_storage(hid_t dataset, array::StoredArray& stored, array::Attributes& encoding) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose);
  if (!creation) return through_library(stored, "unreadable creation properties");

  const H5D_layout_t layout = H5Pget_layout(creation);
  std::string filter_reason;
  codec::Pipeline codecs;
  const bool own_codecs = codecs_of(creation, codecs, filter_reason);
  bool zlib = false, shuffle = false, fletcher32 = false;
  std::int64_t complevel = 0;
  for (const auto& codec : codecs) {
    if (codec.kind == codec::Kind::deflate) zlib = true, complevel = codec.level;
    shuffle |= codec.kind == codec::Kind::shuffle;
    fletcher32 |= codec.kind == codec::Kind::fletcher32;
  }
  encoding.set("zlib", NdArray::scalar(zlib));
  encoding.set("shuffle", NdArray::scalar(shuffle));
  encoding.set("complevel", NdArray::scalar(complevel));
  encoding.set("fletcher32", NdArray::scalar(fletcher32));
  encoding.set("contiguous", NdArray::scalar(layout != H5D_CHUNKED));

  stored.chunk_shape = read_shape(stored.shape, std::max<std::size_t>(size_of(stored.dtype), 1));
  if (layout == H5D_CHUNKED) {
    std::vector<hsize_t> extents(stored.shape.size(), 1);
    if (H5Pget_chunk(creation, static_cast<int>(extents.size()), extents.data()) != static_cast<int>(extents.size()))
      return through_library(stored, "unreadable chunk shape");
    stored.chunk_shape.assign(extents.begin(), extents.end());
    encoding.set("chunksizes", NdArray::from(std::vector<std::int64_t>(extents.begin(), extents.end())));
  }
  if (stored.dtype == DType::string) return;

  Hdf5Handle native;
  if (!read_element_type(dataset, stored, native)) return through_library(stored, "unusual element type");
  read_fill(creation, native, stored);
  if (layout == H5D_COMPACT) return through_library(stored, "compact layout");
  if (layout == H5D_VIRTUAL) return through_library(stored, "virtual dataset");
  if (H5Pget_external_count(creation) > 0) return through_library(stored, "data in an external file");
  if (layout == H5D_CHUNKED) {
    if (!own_codecs) return through_library(stored, filter_reason);
    unsigned chunk_options = 0;
    if (H5Pget_chunk_opts(creation, &chunk_options) >= 0 && chunk_options != 0)
      return through_library(stored, "edge chunks without filters");
    stored.storage = array::Storage::chunked;
    stored.codecs = std::move(codecs);
    return;
  }
  if (layout != H5D_CONTIGUOUS) return through_library(stored, "unknown layout");
  const haddr_t offset = H5Dget_offset(dataset);
  if (offset == HADDR_UNDEF) return mark_all_missing(stored);
  const auto bytes = static_cast<std::uint64_t>(element_count(stored.shape)) * size_of(stored.dtype);
  // Sparse tails of files that were never closed properly read as zeros in the library only.
  if (offset > stored.file_size || bytes > stored.file_size - offset)
    return through_library(stored, "data beyond the end of the file");
  stored.storage = array::Storage::contiguous;
  stored.offset = offset;
}

}  // namespace rankine::store
