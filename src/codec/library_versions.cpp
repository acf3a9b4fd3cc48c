#include "codec/library_versions.hpp"

#include <libdeflate.h>
#ifdef RANKINE_HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef RANKINE_HAVE_LZ4
#include <lz4.h>
#endif
#ifdef RANKINE_HAVE_BLOSC
#include <blosc.h>
#endif
#ifdef RANKINE_HAVE_BZ2
#include <bzlib.h>
#endif

namespace rankine::codec {

std::vector<std::pair<std::string, std::string>> library_versions() {
  std::vector<std::pair<std::string, std::string>> list;
  list.emplace_back("libdeflate", LIBDEFLATE_VERSION_STRING);
  const auto add = [&](const char* name, const char* version) { list.emplace_back(name, version); };
#ifdef RANKINE_HAVE_ZSTD
  add("zstd", ::ZSTD_versionString());
#else
  add("zstd", "no");
#endif
#ifdef RANKINE_HAVE_LZ4
  add("lz4", ::LZ4_versionString());
#else
  add("lz4", "no");
#endif
#ifdef RANKINE_HAVE_BLOSC
  add("blosc", ::blosc_get_version_string());
#else
  add("blosc", "no");
#endif
#ifdef RANKINE_HAVE_BZ2
  add("bzip2", ::BZ2_bzlibVersion());
#else
  add("bzip2", "no");
#endif
#ifdef RANKINE_HAVE_SZIP
  add("szip", "yes");
#else
  add("szip", "no");
#endif
  return list;
}

}  // namespace rankine::codec
