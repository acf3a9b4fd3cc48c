#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "array/attributes.hpp"
#include "array/cf_decode.hpp"
#include "array/data_array.hpp"
#include "array/dataset.hpp"
#include "array/expr.hpp"
#include "base/dot_graph.hpp"
#include "base/error.hpp"
#include "grid/nd_array.hpp"
#include "script/call_graph.hpp"

namespace rankine::script {

/// `chunks=` of open_dataset, open_mfdataset, open_zarr.
struct ChunkOptions {
  enum class Kind : std::uint8_t {
    absent,     ///< not given (or None): Rankine chooses
    automatic,  ///< "auto"
    stored,     ///< {}: as the file is chunked
    sizes,      ///< {"time": 100}; -1: the whole dim; 0: "auto" along that dim
  };
  Kind kind = Kind::absent;
  std::vector<std::pair<std::string, std::int64_t>> sizes;
};

/// What open_dataset and its kin take, under xarray's names. nullopt: not given, xarray's default.
struct OpenOptions {
  ChunkOptions chunks;
  std::string engine;                     ///< empty: told by content
  std::string group;
  bool decode_cf = true;                  ///< false switches off all the decode_ options
  std::optional<bool> mask_and_scale;
  std::optional<bool> decode_times;
  std::optional<bool> decode_timedelta;
  std::optional<bool> use_cftime;
  array::DecodeCoords decode_coords = array::DecodeCoords::listed;
  std::vector<std::string> drop_variables;
  // open_mfdataset
  std::string combine = "by_coords";      ///< or "nested"
  std::vector<std::string> concat_dim;    ///< empty: found from the coordinates
  /// Applied to every file's dataset before they are combined; empty: none.
  std::function<array::Dataset(const array::Dataset&)> preprocess;
  bool consolidated = true;               ///< open_zarr: .zmetadata is used where it is there
};

/// region= of to_zarr: {"time": slice(begin, end)}.
struct RegionSlice {
  std::string dim;
  std::optional<std::int64_t> begin;
  std::optional<std::int64_t> end;
};

/// What to_netcdf and to_zarr take.
struct SinkOptions {
  std::string mode = "w";                 ///< "w" or "w-"; to_zarr: also "a" and "r+"
  std::string format;                     ///< NETCDF4, NETCDF4_CLASSIC, NETCDF3_64BIT, NETCDF3_CLASSIC; empty: default
  std::string group;
  /// Per variable, under the names of xarray's `encoding`.
  std::vector<std::pair<std::string, array::Attributes>> encoding;
  std::optional<std::vector<std::string>> unlimited_dims;   ///< absent: those of the encoding; empty: none
  bool consolidated = true;
  // to_zarr
  std::string append_dim;
  std::vector<RegionSlice> region;        ///< empty: not given
  int zarr_format = 2;                    ///< 2 or 3; adding to a store keeps its own
};

/// Thrown in a dry run where a value is looked at that would have to be computed. No Error: nobody handles it but the dry run.
struct UnknownValue {};

/// Everything a script does to the world. The runtime implements it; tests give a small one.
/// What is opened stays lazy: only load() and the end of the run read data.
class Host {
 public:
  virtual ~Host() = default;

  /// Throw InputError: missing, unreadable.
  virtual array::Dataset open_dataset(const std::string& path, const OpenOptions& options) = 0;
  /// `paths` as the script gave them: one glob pattern, or the files of a list, in order.
  virtual array::Dataset open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options) = 0;
  virtual array::Dataset open_zarr(const std::string& path, const OpenOptions& options) = 0;

  /// A dry run of the script begins or ends: what is opened until it ends is likely to be opened again, and what is told
  /// will be told again. Nothing is written and nothing loaded meanwhile.
  virtual void begin_dry_run() {}
  virtual void end_dry_run() {}
  /// Whole values in a dry run, of what is next to nothing to read and compute: coordinates mostly. Nothing: it is more.
  virtual std::optional<NdArray> peek(const array::ExprPtr& expression) { static_cast<void>(expression); return std::nullopt; }

  /// Whole values of the expressions, in order. Runs one plan that also holds all pending sinks.
  virtual std::vector<NdArray> load(const std::vector<array::ExprPtr>& expressions) = 0;

  /// Notes the output; it is written by the next load() or at the end of the script.
  virtual void add_netcdf_sink(const array::Dataset& dataset, const std::string& path, const SinkOptions& options) = 0;
  virtual void add_zarr_sink(const array::Dataset& dataset, const std::string& path, const SinkOptions& options) = 0;

  /// `text` to standard output (or standard error), exactly as it is: newlines are in it.
  virtual void print(std::string_view text, bool to_stderr) = 0;
  /// One line for the user about something accepted that has no effect here.
  virtual void note(const std::string& text) = 0;
  /// Throws if the run is to end; called between the script's expressions.
  virtual void check_interrupt() {}
  /// sys.argv: the script's path, then the words after it.
  virtual std::vector<std::string> argv() = 0;

  /// The run's custom graph, for functions of the script that write_program wrote. Null: none, calls are then made one
  /// after the other where they are asked for. Called once.
  virtual CallGraph* call_graph(std::vector<std::byte> program) { static_cast<void>(program); return nullptr; }

  /// Writes a picture of a graph: .svg, .png, .pdf, .dot.
  virtual void draw_graph(const DotGraph& graph, const std::string& path) {
    static_cast<void>(graph);
    throw UnsupportedError("graphs cannot be drawn here: " + path);
  }

  // time and random
  virtual void sleep(double seconds) { static_cast<void>(seconds); }
  /// Seconds since 1970, and since some moment that never changes.
  virtual double wall_clock_s() { return 0; }
  virtual double steady_clock_s() { return 0; }
  /// A number that no run should repeat.
  virtual std::uint64_t entropy() { return 0; }

  // os and glob
  virtual std::optional<std::string> environment(const std::string& name) = 0;
  virtual bool path_exists(const std::string& path) = 0;
  virtual bool is_directory(const std::string& path) = 0;
  virtual void make_directories(const std::string& path, bool exist_ok) = 0;
  /// Paths that match, in any order (as Python's glob.glob).
  virtual std::vector<std::string> glob(const std::string& pattern) = 0;
};

}  // namespace rankine::script
