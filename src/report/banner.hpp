#pragma once
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace rankine::report {

/// What a job is before it does anything.
struct Banner {
  std::string version;
  int ranks = 1;
  bool scheduler_works = true;
  unsigned threads = 1;             ///< of rank 0; others have as many where nodes are alike
  Bytes memory_limit;               ///< a rank
  std::vector<std::string> nodes;   ///< each once
  std::string job;                  ///< the batch system's, "slurm 1234"; empty: none
};

/// "rankine 0.1.0: 4 ranks x 2 threads on 2 nodes (node6, node7), 5.07 GiB a rank, job slurm 1234"
std::string banner_text(const Banner& banner);

}  // namespace rankine::report
