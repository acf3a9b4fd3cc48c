#include "stored_files.hpp"

// A zip store: the archive's directory, the metadata and the chunks it holds. The first bytes are kept, so that it is
// always taken for one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.replace(0, 4, "PK\003\004");
  const auto path = rankine::fuzz::scratch_folder() / "fuzz.zip";
  rankine::fuzz::write_file(path, bytes.data(), bytes.size());
  rankine::fuzz::open_and_read(path);
  return 0;
}
