#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace rankine::store {

/// Creates or overwrites a small file. Throws OutputError: `what`, then the system's reason.
void write_file(const std::string& path, std::span<const std::byte> bytes, const std::string& what);
/// Writes all of `bytes` at `offset` of the file `path`; signals and short writes go on. Throws OutputError as above.
void write_at(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& what,
              const std::string& path);
/// Everything written below `path` reaches the disk. Throws OutputError naming `final_path`.
void flush_file_system(const std::string& path, const std::string& final_path);

/// One file. Throws OutputError naming `final_path`.
void flush_file(const std::string& path, const std::string& final_path);

}  // namespace rankine::store
