#include "stored_files.hpp"

// One shard of a Zarr v3 array: inner chunks and an index. The first byte says where the index stands and how it is
// checked.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  if (size == 0) return 0;
  const std::string place = (data[0] & 1) != 0 ? "start" : "end";
  const std::string checksum = (data[0] & 2) != 0 ? R"(, {"name": "crc32c"})" : "";
  const std::string metadata =
      R"({"zarr_format": 3, "node_type": "array", "shape": [8, 8], "data_type": "float32", "fill_value": 0,
          "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 8]}},
          "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}}, "attributes": {},
          "dimension_names": ["y", "x"],
          "codecs": [{"name": "sharding_indexed", "configuration": {"chunk_shape": [4, 4],
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 1}}],
            "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}})" + checksum +
      R"(], "index_location": ")" + place + R"("}}]})";
  const fs::path array = rankine::fuzz::scratch_folder() / "shard.zarr";
  fs::create_directories(array / "c" / "0");
  rankine::fuzz::write_file(array / "zarr.json", metadata.data(), metadata.size());
  rankine::fuzz::write_file(array / "c" / "0" / "0", data + 1, size - 1);
  rankine::fuzz::open_and_read(array);
  return 0;
}
