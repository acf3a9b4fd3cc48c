#pragma once
#include <cstddef>
#include <span>
#include <string>

#include "place/own_file.hpp"
#include "store/store.hpp"

namespace rankine::store {

/// Makes a small file, which is not there yet. Throws OutputError: `what`, then the system's reason.
void write_file(const std::string& path, std::span<const std::byte> bytes, const std::string& what);
/// Writes all of `bytes` at `offset` of the file `path`; signals and short writes go on. Throws OutputError as above.
void write_at(int descriptor, std::uint64_t offset, std::span<const std::byte> bytes, const std::string& what,
              const std::string& path);
/// Everything written below `path` reaches the disk. Throws OutputError naming `final_path`.
void flush_file_system(const std::string& path, const std::string& final_path);

/// The temporary file of an output that is one file. Throws OutputError.
void flush_file(const OutputTarget& target);
/// Opens the temporary file of an output that is one file. Throws OutputError: `what`, then the reason; one is that what has
/// its name is not ours.
place::Descriptor open_temporary(const OutputTarget& target, int flags, const std::string& what);

}  // namespace rankine::store
