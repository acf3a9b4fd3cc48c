#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "grid/nd_array.hpp"
#include "journal/journal.hpp"
#include "journal/outcome.hpp"
#include "journal/run_lock.hpp"
#include "journal/run_records.hpp"
#include "place/own_directory.hpp"
#include "plan/logical_plan.hpp"
#include "runtime/saved_blocks.hpp"
#include "runtime/saved_calls.hpp"

namespace rankine::runtime {

/// What a job says of itself in its run directory.
struct RunDirectoryOptions {
  /// Empty: beside the first output, "out.nc.rankine"; where calls come before the first output, in the working directory,
  /// named for the script and its arguments.
  std::string path;
  bool fresh = false;      ///< what an earlier job left there is removed
  bool keep_going = false; ///< an input that has gone since it was opened fails the tasks that read it, no more
  journal::JobRecord job;
};

/// What an earlier job did of a plan.
struct EarlierRun {
  bool done = false;                        ///< all of it; what follows is empty then, but for values and targets
  std::vector<NdArray> values;
  std::vector<store::OutputTarget> targets; ///< its unfinished outputs
  std::vector<TaskId> finished;             ///< sink tasks whose part of those outputs is written
  SavedBlocks saved;
  std::vector<journal::KillRecord> kills;   ///< tasks during which workers died
  journal::RunRecord plan;                  ///< what the plan and its inputs are now, for note_begin()
};

/// Rank 0's run directory: what is needed to go on after the job has ended in whatever way.
///
///     journal     records, see journal/run_records.hpp
///     lock        who has it
///     blocks-*    results of tasks, saved by one rank at one checkpoint
///     values-*    values of a plan that are too large for the journal
///
/// It comes into being with the first run that writes something, and is removed when the job succeeds; one
/// that the user has named keeps the outcome.
class RunDirectory {
 public:
  explicit RunDirectory(RunDirectoryOptions options) : options_(std::move(options)) {}

  /// Opens the directory that the options name, or the one beside `first_output`; once. Mode 0700. Throws UsageError if
  /// another run has it, if script or arguments have changed, if it is no run directory, if somebody else could have put there
  /// what lies in it (place::NotOurs), or if its journal names what no run of ours would have made; OutputError.
  void open(const std::string& first_output);
  /// Whether open() would find what an earlier job left.
  bool is_there(const std::string& first_output) const;
  /// The same for a job whose calls come before its first output.
  void open_for_calls();
  bool is_there_for_calls() const;
  /// Whether the user has named it.
  bool is_named() const { return !options_.path.empty(); }
  bool is_open() const { return journal_ != nullptr; }
  /// open() was refused, because another run has the directory or it is none of a run: nothing is to be left there.
  bool belongs_to_others() const { return !path_.empty() && lock_ == nullptr; }
  const std::string& path() const { return path_; }
  /// Where the run lies that this directory was a copy of, when it was opened: that one goes on there, and this one began anew.
  /// Empty: it was none.
  const std::string& copied_from() const { return copied_from_; }
  /// Whether an earlier job left something to go on from.
  bool resumes() const { return resumes_; }

  /// What the journal knows of plan `number`, whose inputs are looked at now. Throws UsageError naming what changed.
  EarlierRun earlier(std::uint32_t number, const plan::LogicalPlan& plan);
  /// Session::earlier_append(), of what lies in the journal.
  std::optional<std::int64_t> append_begin(const std::string& path, std::size_t ordinal) const;
  /// Outputs of these temporary names are made next. On disk when it returns.
  void note_making(const std::vector<store::OutputTarget>& targets);
  /// The plan that earlier() looked at begins, with these unfinished outputs.
  void note_begin(journal::RunRecord plan, const std::vector<store::OutputTarget>& targets);
  /// On disk when it returns.
  void note_checkpoint(const journal::CheckpointRecord& checkpoint);
  void note_kill(const journal::KillRecord& kill);
  /// An unfinished output is begun anew.
  void note_void(const std::string& path);
  /// All data of the plan is safe; outputs get their names next.
  void note_done(std::uint32_t number, const std::vector<NdArray>& values);

  /// What earlier jobs have done of the run of calls. Throws UsageError if the program has changed.
  SavedCalls earlier_calls();
  /// On disk when it returns.
  void note_calls(journal::CallsRecord record);
  /// How to go on with it, in words: "go on with: rankine resume DIR".
  std::string how_to_go_on() const;

  /// Where rank `rank` saves results at checkpoint `sequence` of this job.
  std::string blocks_path(int rank, std::uint32_t run, std::uint32_t sequence) const;
  /// How the job before this one ended, if it left a word; `deaths` and `progress` tell of rank 0's.
  const std::optional<journal::Outcome>& last_outcome() const { return last_outcome_; }
  /// Jobs that have worked on it, this one too.
  std::size_t job_count() const { return job_count_; }
  /// Every few seconds.
  void beat();
  /// Throws UsageError: `what` is not as it was, start over or use another directory. remove() leaves all as it is then.
  [[noreturn]] void refuse(const std::string& what);
  /// remove() leaves all as it is.
  void keep() { refused_ = true; }
  /// Removes the unfinished outputs that only an earlier job knew of, then everything of its own.
  void remove() noexcept;

 private:
  std::string place(const std::string& otherwise) const;
  std::string place_for_calls() const;
  void open_at(std::string path);
  std::vector<std::byte> encode_value(const NdArray& value, const std::string& file) const;
  NdArray decode_value(const std::vector<std::byte>& bytes) const;
  void compare_job(const journal::JobRecord& earlier);

  void begin_anew(std::unique_ptr<journal::Journal>& journal);
  void follow();
  std::vector<std::string> working_directories() const;
  void check_names() const;
  std::set<std::uint32_t> done_runs() const;
  void finish_commits() const;
  void remove_left_outputs() noexcept;

  RunDirectoryOptions options_;
  std::string path_;
  std::optional<place::OwnDirectory> directory_;
  std::unique_ptr<journal::RunLock> lock_;
  std::unique_ptr<journal::Journal> journal_;
  std::vector<journal::AnyRecord> records_;     ///< of earlier jobs
  std::optional<journal::Outcome> last_outcome_;
  bool resumes_ = false;
  bool refused_ = false;
  std::string copied_from_;
  bool named_ = false;                          ///< it is not the one beside the first output
  std::size_t job_count_ = 1;
  std::vector<store::OutputTarget> left_outputs_;   ///< that the journal names
};

/// How much a run directory's journal says is done: it only grows. 0 where there is none, or it cannot be read.
std::uint64_t progress_of(const std::string& run_directory) noexcept;

/// "out.nc.rankine"
std::string default_run_directory(const std::string& output);
/// "sweep.py.rankine", and with arguments "sweep.py-1c8e03f2.rankine": several may run in one place at once.
std::string default_run_directory(const journal::JobRecord& job);

/// The job in a run directory, to start it again; its working directory is where it lies now if it was moved along. Throws
/// InputError; UsageError, also for a copy of a directory that can be gone on with where it was.
journal::JobRecord job_of(const std::string& run_directory);

/// Of the calls of the run in a run directory. Empty where there is no journal.
SavedCalls saved_calls_of(const std::string& run_directory);

}  // namespace rankine::runtime
