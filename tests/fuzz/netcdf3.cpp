#include "stored_files.hpp"

// A NetCDF-3 file (CDF-1, CDF-2, CDF-5): the first bytes are kept, so that it is always taken for one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.replace(0, 3, "CDF");
  if (bytes[3] != 1 && bytes[3] != 2 && bytes[3] != 5) bytes[3] = 1;
  const auto path = rankine::fuzz::scratch_folder() / "fuzz.nc";
  rankine::fuzz::write_file(path, bytes.data(), bytes.size());
  rankine::fuzz::open_and_read(path);
  return 0;
}
