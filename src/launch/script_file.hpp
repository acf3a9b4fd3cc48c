#pragma once
#include <optional>
#include <string>

namespace rankine::launch {

/// A script as a job is given it.
struct ScriptFile {
  std::string name;                 ///< as errors call it: its path, "<stdin>"
  std::optional<std::string> text;  ///< nothing: only rank 0 can read it (a pipe), and this is another rank
  /// It can be read once, by one process: rank 0 has to tell the others its text.
  bool is_stream = false;
};

/// Reads the script `path`; "-" is the standard input. A pipe, a FIFO or a terminal is read by `reads_streams` alone, and a
/// signal ends the waiting for it. Throws Error (usage) for what is no script: a folder, a device of blocks, a socket, binary
/// data, something that cannot be read.
ScriptFile read_script_file(const std::string& path, bool reads_streams);

}  // namespace rankine::launch
