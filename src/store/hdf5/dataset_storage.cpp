#include "store/hdf5/dataset_storage.hpp"

#include <algorithm>
#include <cstring>

#include "store/stored_file.hpp"

namespace rankine::store {
namespace {

constexpr H5Z_filter_t filter_bzip2 = 307, filter_blosc = 32001, filter_lz4 = 32004, filter_zstd = 32015;

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

}  // namespace rankine::store
