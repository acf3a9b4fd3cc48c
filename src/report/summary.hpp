#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace rankine::report {

struct RankSummary {
  int rank = 0;
  std::string node_name;
  unsigned threads = 0;       ///< 0: a rank that only schedules
  double busy_s = 0;          ///< sum over its threads of the time inside tasks
  std::uint64_t tasks = 0;
  Bytes peak_rss;
  Bytes peak_blocks;          ///< what its tasks needed at once: inputs, outputs and buffers; what `rankine plan` forecasts
};

/// What like tasks did together.
struct LayerSummary {
  std::string name;            ///< "reduce", "append of t2m"
  std::uint64_t tasks = 0;
  double busy_s = 0;           ///< sum over threads
  Bytes made;                  ///< of their results in memory; what is written makes none
};

struct RunSummary {
  double wall_s = 0;          ///< start of the process to the last output committed
  double tasks_s = 0;         ///< the part of it in which tasks ran; busy shares refer to it
  std::uint64_t tasks = 0;       ///< that are done
  std::uint64_t tasks_known = 0; ///< of so many that were asked for
  std::uint64_t retries = 0;
  Bytes bytes_read;           ///< stored bytes
  Bytes bytes_decoded;
  double decode_s = 0;        ///< sum over threads of the time spent decoding
  Bytes bytes_written;
  Bytes bytes_spilled;        ///< blocks put on scratch for want of memory
  Bytes bytes_unspilled;      ///< and read back
  std::vector<std::string> outputs;  ///< paths, in the order of the script
  std::vector<RankSummary> ranks;
  std::vector<LayerSummary> layers;  ///< in the order of the plans; those of one name are one
};

struct SummaryOptions {
  bool every_rank = true;       ///< a table with a line per rank, in jobs of several
  std::size_t most_ranks = 32;  ///< larger jobs get no table, only the ranges over ranks
};

/// The text at the end of a run, several lines, each with its line end.
std::string summary_text(const RunSummary& summary, SummaryOptions options = {});

}  // namespace rankine::report
