#pragma once
#include <optional>
#include <string>

#include "journal/run_records.hpp"
#include "place/own_directory.hpp"

namespace rankine::runtime {

/// A run directory that does not lie where the job that wrote to it had it. What was moved along with it has moved by as much:
/// from "/a/exp1/out/o.nc.rankine" to "/b/exp2/out/o.nc.rankine" everything under /a/exp1 has gone to /b/exp2.
class MovedPlace {
 public:
  MovedPlace(const std::string& from, const std::string& to);
  /// The name that this one has now; itself if it was not below what was moved.
  std::string operator()(const std::string& path) const;

 private:
  std::string old_root_, new_root_;
};

/// Whether the job's directory still lies where it was while `here` is another one with the same journal: a copy. Moved to
/// another file system it is none: then nothing is left there.
bool is_copy(const journal::JobRecord& job, const place::OwnDirectory& here);

}  // namespace rankine::runtime
