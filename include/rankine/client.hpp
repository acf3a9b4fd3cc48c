#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rankine/delayed.hpp"
#include "rankine/labelled.hpp"

namespace rankine {

/// Keywords of xarray's open_dataset.
struct OpenOptions {
  /// Block sizes by dim, -1 for the whole dim; a dim not named follows what is stored. Empty: Rankine chooses.
  std::vector<std::pair<std::string, std::int64_t>> chunks = {};
  std::string group = {};
  bool decode_cf = true;
  bool mask_and_scale = true;
  bool decode_times = true;
  std::vector<std::string> drop_variables = {};
};

/// Keywords of xarray's to_netcdf and to_zarr.
struct WriteOptions {
  std::string mode = "w";   ///< "w" replaces what is there, "w-" refuses to
  std::string format = {};  ///< NetCDF: NETCDF4 (default), NETCDF4_CLASSIC, NETCDF3_64BIT, NETCDF3_CLASSIC
  /// Per variable, xarray's encoding: {"tas", {{"zlib", 1}, {"dtype", "int16"}, {"scale_factor", 0.01}}}.
  std::vector<std::pair<std::string, Attributes>> encoding = {};
  std::vector<std::string> unlimited_dims = {};
};

/// Rank 0's hand on the job: tasks of its own (TaskClient), and labelled arrays. Reading is lazy; writes are collected and run together, in one pass over the
/// input, when a value is asked for, at compute(), or when the pipeline returns.
class Client : public TaskClient {
 public:
  /// Throw InputError for a missing or unreadable file, UsageError for an unknown dim in chunks.
  Dataset open_dataset(const std::string& path, const OpenOptions& options = {});
  /// Files combined along the one dim whose coordinate differs. One path may be a glob pattern.
  Dataset open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options = {});
  Dataset open_zarr(const std::string& path, const OpenOptions& options = {});

  /// Note an output; nothing stands under `path` before all of it is written.
  void to_netcdf(const Dataset& dataset, const std::string& path, const WriteOptions& options = {});
  void to_zarr(const Dataset& dataset, const std::string& path, const WriteOptions& options = {});
  /// Runs what is pending. Throws Error: what failed, where, which task, what to do.
  void compute();

  /// Values, converted as astype does. T: bool, float, double or an integer type; dates are nanoseconds (or, of
  /// calendars that datetime64 lacks, microseconds) since 1970; std::string takes strings.
  template <class T>
  Values<T> load(const DataArray& x);
  /// The one element of a 0-d array. Throws UsageError for more.
  double item(const DataArray& x);

  class State;
  explicit Client(State& state);
  using TaskClient::compute;

 private:
  State& state_;
};

/// How a C++ program runs. The words of the environment variable RANKINE_OPTIONS, those of `rankine run`
/// ("--threads 4 --memory-limit 2GB --quiet"), win over these.
struct RunOptions {
  std::optional<unsigned> threads = {};              ///< per rank; absent: the cores the rank may use
  std::optional<std::uint64_t> memory_limit_bytes = {};  ///< per rank; absent: its share of what is granted
  std::string resources = {};                        ///< of each rank, for tasks that ask for them: "gpu=1,disk=2"
  bool quiet = false;                                ///< no progress, no summary
};

/// Runs a pipeline as a job: alone (all cores of this machine) or as the ranks that mpirun or srun started.
/// Rank 0 calls `pipeline`, the others work for it. Gives the exit status to return from main: 0, or that of
/// the Error that `pipeline` threw, which is printed. Under mpirun this call ends the process.
int run(int argc, char** argv, const std::function<void(Client&)>& pipeline, const RunOptions& options = {});

}  // namespace rankine
