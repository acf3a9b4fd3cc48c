#include <cstring>

#include "stored_files.hpp"

// Metadata and one chunk of a Zarr array, a zero byte between them: v3 if the metadata say so, v2 otherwise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  const auto* end = static_cast<const std::uint8_t*>(size == 0 ? nullptr : std::memchr(data, 0, size));
  const std::size_t text = end == nullptr ? size : static_cast<std::size_t>(end - data);
  const std::size_t chunk_begin = end == nullptr ? size : text + 1;
  const std::string metadata(reinterpret_cast<const char*>(data), text);
  const bool v3 = metadata.find("zarr_format\": 3") != std::string::npos || metadata.find("zarr_format\":3") != std::string::npos;
  const fs::path array = rankine::fuzz::scratch_folder() / (v3 ? "v3.zarr" : "v2.zarr");
  fs::create_directories(array / "c" / "0");
  rankine::fuzz::write_file(array / (v3 ? "zarr.json" : ".zarray"), metadata.data(), metadata.size());
  for (const char* name : {"0", "0.0"}) rankine::fuzz::write_file(array / name, data + chunk_begin, size - chunk_begin);
  rankine::fuzz::write_file(array / "c" / "0" / "0", data + chunk_begin, size - chunk_begin);
  rankine::fuzz::open_and_read(array);
  return 0;
}
