#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace rankine::report {

/// What is known of a run at one moment; all numbers are of the whole job.
struct ProgressState {
  std::uint64_t tasks_done = 0;
  std::uint64_t tasks_total = 0;
  std::uint64_t tasks_retried = 0;
  Bytes bytes_read;        ///< stored (compressed) bytes
  Bytes bytes_decoded;     ///< what they were decoded to
  Bytes bytes_written;
  double elapsed_s = 0;
  Bytes memory_held;       ///< blocks held by the fullest rank
  Bytes memory_limit;      ///< per rank; 0: not shown
  std::uint32_t workers = 0;
  std::string what = "tasks";   ///< "files opened"
};

/// Seconds still to go by the share of tasks done; negative if it cannot be told yet.
double eta_s(const ProgressState& state);

/// "3.2 s", "2 min 05 s", "1 h 02 min".
std::string format_duration(double seconds);
/// "1.24 GiB/s"; "-" when no time has passed.
std::string format_rate(Bytes bytes, double seconds);

/// One line without line end, at most `columns` wide, the least important parts left out first:
/// `[=====>    ]  52% 812/1560 tasks  1.21 GiB read  640 MiB/s  ETA 3.2 s  mem 210 MiB`
std::string progress_line(const ProgressState& state, unsigned columns);

/// One line for logs: `812/1560 tasks (52 %), read 1.21 GiB, 640 MiB/s, ETA 3.2 s, memory 210 MiB of 1.5 GiB`
std::string plain_line(const ProgressState& state);

}  // namespace rankine::report
