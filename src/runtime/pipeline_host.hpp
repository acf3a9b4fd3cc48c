#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/cf_encode.hpp"
#include "report/reporter.hpp"
#include "runtime/script_calls.hpp"
#include "runtime/session.hpp"
#include "script/host.hpp"
#include "store/index_cache.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// The outputs and values that one plan is to produce.
struct PlanRequest {
  plan::LogicalPlan plan;
  std::vector<array::OutputSpec> outputs;
};

/// Runs a request and gives the values of its value sinks: Session::run, or a printer of plans.
using Execute = std::function<std::vector<NdArray>(const PlanRequest&)>;

/// Learns of many files at once: Session::open_files.
using OpenFiles = std::function<std::vector<store::OpenedFile>(const OpeningRequest&)>;

/// How long the dim was to which the script appends to the store at `path`, for the `ordinal`-th time, if an earlier job of this
/// run has done so already; -1: there was no store. `pending`: outputs that wait to be written. Session::earlier_append.
using EarlierAppend = std::function<std::optional<std::int64_t>(const std::string& path, std::size_t ordinal,
                                                                const std::vector<array::OutputSpec>& pending)>;

/// What scripts see of the world. Opens files on rank 0, collects sinks, and hands them to `execute`
/// together when a value is asked for or the script ends.
class PipelineHost : public script::Host {
 public:
  struct Options {
    std::vector<std::string> argv;      ///< the script, then its words
    std::string history;                ///< line for the global attribute `history` of outputs
    bool prints = true;                 ///< false: the script's own print is dropped (rankine plan)
    std::function<void()> check_interrupt;  ///< throws if the run is to end; may be empty
    std::string index_cache = {};       ///< folder of store::IndexCache; empty: none
    bool is_script = true;              ///< false: a function of it, in a task; others load coordinates for it
    std::function<Calls&()> calls = {}; ///< of delayed calls and futures; empty: they are made one after the other
    script::CallGraph* planned_calls = nullptr;  ///< instead of calls: what only notes them
    OpenFiles open_files = {};          ///< empty: on a few threads of this process
    /// Whether this job goes on with one that may have finished outputs, of which this is the first; empty: it does not.
    std::function<bool(const std::string& first_output)> goes_on = {};
    ScriptMemory* memory = nullptr;     ///< what the script may hold, asked on this thread; null: nobody asks
    EarlierAppend earlier_append = {};  ///< may be empty
  };
  PipelineHost(Options options, Execute execute, report::Reporter& reporter);
  ~PipelineHost() override;

  /// Runs what is still pending. Called once, after the script.
  void finish();

  array::Dataset open_dataset(const std::string& path, const script::OpenOptions& options) override;
  array::Dataset open_mfdataset(const std::vector<std::string>& paths, const script::OpenOptions& options) override;
  array::Dataset open_zarr(const std::string& path, const script::OpenOptions& options) override;
  std::vector<NdArray> load(const std::vector<array::ExprPtr>& expressions) override;
  void begin_dry_run() override { dry_run_ = true; }
  void end_dry_run() override;
  std::optional<NdArray> peek(const array::ExprPtr& expression) override;
  void add_netcdf_sink(const array::Dataset& dataset, const std::string& path, const script::SinkOptions& options) override;
  void add_zarr_sink(const array::Dataset& dataset, const std::string& path, const script::SinkOptions& options) override;
  void print(std::string_view text, bool to_stderr) override;
  void note(const std::string& text) override;
  void check_interrupt() override { if (options_.check_interrupt) options_.check_interrupt(); }
  std::vector<std::string> argv() override { return options_.argv; }
  script::CallGraph* call_graph(std::vector<std::byte> program) override;
  void draw_graph(const DotGraph& graph, const std::string& path) override;
  /// Values read and computed on this thread.
  NdArray load_here(const array::ExprPtr& expression) { return load_now(expression); }
  void sleep(double seconds) override;
  double wall_clock_s() override;
  double steady_clock_s() override;
  std::uint64_t entropy() override;
  std::optional<std::string> environment(const std::string& name) override;
  bool path_exists(const std::string& path) override;
  bool is_directory(const std::string& path) override;
  void make_directories(const std::string& path, bool exist_ok) override;
  std::vector<std::string> glob(const std::string& pattern) override;

 private:
  array::Dataset open(const std::string& path, const script::OpenOptions& options);
  array::Dataset decode(const array::Catalogue& catalogue, const script::OpenOptions& options);
  /// The datasets of many files; `names` become absolute.
  std::vector<array::Dataset> open_all(std::vector<std::string>& names, const script::OpenOptions& options);
  void add_sink(const array::Dataset& dataset, const std::string& path, array::OutputFormat format,
                const script::SinkOptions& options);
  /// Writes what is pending if it holds one of these outputs: the script is about to look at it.
  void finish_if(const std::function<bool(const std::string& output)>& is_wanted);
  /// Throws OutputError if `path` is a file that the script may still read from.
  void refuse_to_replace_input(const std::string& path);
  /// Small values that decide meaning (coordinates, group keys), read here and now. In a dry run throws script::UnknownValue
  /// for what is more.
  NdArray load_now(const array::ExprPtr& expression);
  array::Catalogue catalogue_of(const std::string& absolute, const store::CatalogueOptions& options);
  std::vector<store::OpenedFile> files_of(const OpeningRequest& request);

  Options options_;
  Execute execute_;
  report::Reporter& reporter_;
  std::set<std::string> noted_;      ///< variables that cannot be read and the like, each noted once whatever the number of files
  store::IndexCache index_cache_;
  store::Reader reader_;
  /// Values that came with the metadata of many files, while these are put together.
  std::unordered_map<const array::StoredArray*, NdArray> known_values_;
  PlanRequest pending_;
  std::map<std::string, std::size_t> appends_;   ///< so far, by path
  std::unique_ptr<ScriptCalls> calls_;  ///< once the script has made one
  std::string first_output_;            ///< that the script has asked for
  bool stdout_closed_ = false;          ///< its reader has left: `| head`
  bool dry_run_ = false;
  /// What a dry run has opened and the run will open again, by paths and options; each is taken once.
  std::unordered_map<std::string, array::Catalogue> catalogues_of_dry_run_;
  std::unordered_map<std::string, std::vector<store::OpenedFile>> files_of_dry_run_;
  /// What the script has opened, as long as something of it may still be read.
  std::vector<std::pair<std::string, std::weak_ptr<const array::StoredArray>>> opened_;
};

}  // namespace rankine::runtime
