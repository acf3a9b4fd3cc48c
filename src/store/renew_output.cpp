#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "base/check.hpp"
#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/output_target.hpp"

namespace rankine::store {
namespace {

/// Byte ranges that any rank may write: begin -> end, in order.
std::map<std::uint64_t, std::uint64_t> open_ranges(const OutputTarget& target) {
  std::map<std::uint64_t, std::uint64_t> ranges;
  for (std::size_t v = 0; v < target.offsets.size(); ++v) {
    if (target.offsets[v] == UINT64_MAX || target.complete[v] != 0) continue;
    std::uint64_t bytes = size_of(target.spec.variables[v].dtype);
    for (const std::int64_t extent : target.spec.variables[v].shape) bytes *= static_cast<std::uint64_t>(extent);
    ranges.emplace(target.offsets[v], target.offsets[v] + bytes);
  }
  return ranges;
}

/// Makes `to` the same as `from`, bar the ranges in `kept`.
void copy_around(const OutputTarget& from, const OutputTarget& to, const std::map<std::uint64_t, std::uint64_t>& kept,
                 const std::string& what) {
  const place::Descriptor source = open_temporary(from, O_RDONLY, what), sink = open_temporary(to, O_WRONLY, what);
  struct stat status {};
  if (::fstat(source.number(), &status) != 0 || ::ftruncate(sink.number(), status.st_size) != 0)
    throw OutputError(what + ": " + std::strerror(errno));
  std::vector<std::byte> buffer(std::size_t{1} << 20);
  const auto copy = [&](std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
      const ssize_t count = ::pread(source.number(), buffer.data(), std::min<std::uint64_t>(buffer.size(), end - begin),
                                    static_cast<off_t>(begin));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw OutputError(what + ": " + (count == 0 ? "it is shorter than it was" : std::strerror(errno)));
      write_at(sink.number(), begin, {buffer.data(), static_cast<std::size_t>(count)}, what, to.temporary_path);
      begin += static_cast<std::uint64_t>(count);
    }
  };
  std::uint64_t at = 0;
  for (const auto& [begin, end] : kept) {
    copy(at, begin);
    at = end;
  }
  copy(at, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace

void renew_output(const array::OutputSpec& spec, const OutputTarget& target, bool owner_may_live) {
  RANKINE_CHECK(!array::is_zarr(target.spec.format), "a Zarr store has no owner");
  const std::string what = "cannot start " + target.spec.path + " anew after its writer was lost";
  OutputTarget fresh;
  fresh.spec = spec;
  fresh.spec.path = target.spec.path;
  fresh.temporary_path = target.temporary_path + ".new";
  place::remove_own(fresh.temporary_path, target.owner);  // where whoever began it was killed
  fresh.complete.assign(spec.variables.size(), 0);
  fresh.offsets.assign(spec.variables.size(), UINT64_MAX);
  fresh.record_strides.assign(spec.variables.size(), 0);
  try {
    create_netcdf(fresh);
    RANKINE_CHECK(fresh.offsets == target.offsets && fresh.complete == target.complete, "the same output has the same layout");
    const auto kept = open_ranges(target);
    if (kept.empty()) {
      // A new file: an owner that lives on where nobody hears it writes to the old one, which has no name any more.
      if (::rename(fresh.temporary_path.c_str(), target.temporary_path.c_str()) != 0) throw OutputError(what + ": " + std::strerror(errno));
      return;
    }
    // Others have the old file open.
    if (owner_may_live)
      throw Error(ExitCode::resumable, what + ": it cannot be reached and may still be writing; run again");
    copy_around(fresh, target, kept, what);
    ::unlink(fresh.temporary_path.c_str());
  } catch (...) {
    ::unlink(fresh.temporary_path.c_str());
    throw;
  }
}

}  // namespace rankine::store
