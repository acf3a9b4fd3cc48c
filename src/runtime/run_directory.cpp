#include "runtime/run_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "codec/checksum.hpp"
#include "place/own_file.hpp"
#include "runtime/call_keys.hpp"
#include "runtime/moved_place.hpp"
#include "store/file_stamp.hpp"
#include "store/output_target.hpp"

namespace rankine::runtime {
namespace {

namespace fs = std::filesystem;

/// What lies below the working directory is called as from there: so a run knows its inputs when all of it was moved.
std::string seen_from(const std::string& base, const std::string& path) {
  return !base.empty() && path.compare(0, base.size() + 1, base + "/") == 0 ? path.substr(base.size() + 1) : path;
}

std::vector<journal::InputFingerprint> fingerprints(const plan::LogicalPlan& plan, bool may_be_gone, const std::string& base) {
  std::set<std::string> paths;
  for (const auto& array : plan::stored_arrays(plan)) {
    if (array->storage != array::Storage::zarr_files) paths.insert(array->path);
    else if (!array->zarr.archive.empty()) paths.insert(array->zarr.archive);
    else paths.insert(array->path + "/" + array->zarr.metadata);
  }
  std::vector<journal::InputFingerprint> inputs;
  for (const auto& path : paths) {
    store::FileStamp stamp;
    try {
      stamp = store::stamp_of(path);
    } catch (const InputError&) {
      if (!may_be_gone) throw;
    }
    inputs.push_back({seen_from(base, path), stamp.size, stamp.mtime_ns});
  }
  return inputs;
}

/// The plan's bytes without the chunk indexes, which are read at one time or another: they follow from the files. Nor sizes and
/// times of files, which are compared by themselves. Files are called as from `base`.
std::vector<std::byte> bytes_without_indexes(const plan::LogicalPlan& plan, const std::string& base) {
  struct Kept {
    decltype(array::StoredArray::index) index;
    std::string path, archive;
    std::uint64_t size = 0;
    std::int64_t mtime_ns = 0;
  };
  const auto arrays = plan::stored_arrays(plan);
  std::vector<Kept> kept;
  for (const auto& array : arrays) {
    const std::string path = seen_from(base, array->path), archive = seen_from(base, array->zarr.archive);
    kept.push_back({std::exchange(array->index, nullptr), std::exchange(array->path, path), std::exchange(array->zarr.archive, archive),
                    std::exchange(array->file_size, 0), std::exchange(array->file_mtime_ns, 0)});
  }
  ByteWriter writer;
  plan::write_to(writer, plan);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    arrays[i]->index = std::move(kept[i].index);
    arrays[i]->path = std::move(kept[i].path);
    arrays[i]->zarr.archive = std::move(kept[i].archive);
    arrays[i]->file_size = kept[i].size;
    arrays[i]->file_mtime_ns = kept[i].mtime_ns;
  }
  return writer.take();
}

journal::RunRecord record_of(std::uint32_t number, const plan::LogicalPlan& plan, bool may_be_gone, const std::string& base) {
  const std::vector<std::byte> bytes = bytes_without_indexes(plan, base);
  journal::RunRecord run;
  run.number = number;
  run.plan_bytes = bytes.size();
  run.plan_crc32c = codec::crc32c(bytes);
  run.plan_crc32 = codec::crc32(bytes);
  run.inputs = fingerprints(plan, may_be_gone, base);
  return run;
}

bool is_same_plan(const journal::RunRecord& a, const journal::RunRecord& b) {
  return a.plan_bytes == b.plan_bytes && a.plan_crc32c == b.plan_crc32c && a.plan_crc32 == b.plan_crc32;
}

std::vector<std::byte> encode_targets(const std::vector<store::OutputTarget>& targets) {
  ByteWriter writer;
  writer.put_count(targets.size());
  for (const auto& target : targets) store::write_to(writer, target);
  return writer.take();
}

std::vector<store::OutputTarget> decode_targets(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  std::vector<store::OutputTarget> targets(reader.get_count());
  for (auto& target : targets) target = store::read_output_target(reader);
  return targets;
}

/// "line 3 was 'a = 1' and is 'a = 2'"
std::string first_difference(const std::string& before, const std::string& now) {
  std::istringstream old_lines(before), new_lines(now);
  std::string old_line, new_line;
  for (int number = 1;; ++number) {
    const bool had = static_cast<bool>(std::getline(old_lines, old_line));
    const bool has = static_cast<bool>(std::getline(new_lines, new_line));
    if (had && has && old_line == new_line) continue;
    const std::string line = "line " + std::to_string(number);
    if (!had && !has) return "its end of file";
    if (!had) return line + " '" + new_line + "' is new";
    if (!has) return line + " '" + old_line + "' has gone";
    return line + " was '" + old_line + "' and is '" + new_line + "'";
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The checksum of the running program's file, read once.
std::uint64_t checksum_of_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::uint64_t checksum = 0;
  std::vector<char> piece(std::size_t{1} << 20);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto bytes = std::as_bytes(std::span(piece.data(), static_cast<std::size_t>(file.gcount())));
    checksum = (checksum ^ (std::uint64_t{codec::crc32c(bytes)} << 32 | codec::crc32(bytes))) * 0x9e3779b97f4a7c15ULL;
  }
  return checksum | 1;
}
std::uint64_t program_checksum() {
  static const std::uint64_t checksum = checksum_of_program();
  return checksum;
}

constexpr const char* run_directory = "the run directory";
constexpr const char* outcome_file = "outcome.json";
constexpr const char* journal_file = "journal";
constexpr const char* lock_file = "lock";

/// Where nobody may look, of another user, it counts as there: opening it says whose it is.
bool has_journal(const std::string& directory) {
  std::error_code error;
  return fs::exists(fs::symlink_status(directory + "/" + journal_file, error)) || error == std::errc::permission_denied;
}

bool begins_with(const std::string& name, const char* prefix) { return name.rfind(prefix, 0) == 0; }

/// An outcome, or one that was begun where whoever wrote it was killed.
bool is_outcome(const std::string& name) { return name == outcome_file || begins_with(name, "outcome.json."); }
bool is_blocks(const std::string& name) { return begins_with(name, "blocks-"); }
/// Whether the file has so many bytes and all were read.
bool read_all(int descriptor, std::span<std::byte> into) {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t got = ::read(descriptor, into.data() + done, into.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

/// Of a value of a plan that is too large for the journal.
bool is_values(const std::string& name) { return begins_with(name, "values-") && name.find('/') == std::string::npos; }
bool is_probe(const std::string& name) { return begins_with(name, ".probe-"); }
bool is_own_name(const std::string& name) {
  return name == journal_file || name == lock_file || is_outcome(name) || is_blocks(name) || is_values(name) || is_probe(name);
}

}  // namespace

std::string default_run_directory(const std::string& output) {
  std::string path = output;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path + ".rankine";
}

std::string default_run_directory(const journal::JobRecord& job) {
  std::string name = job.script == "-" ? "stdin" : fs::path(job.script).filename().string();
  if (!job.arguments.empty()) {
    ByteWriter words;
    words.reserve(256);  // also spares g++ 12 a false warning
    for (const auto& word : job.arguments) words.put_string(word);
    char digits[16];
    std::snprintf(digits, sizeof digits, "-%08x", static_cast<unsigned>(codec::crc32c(words.take())));
    name += digits;
  }
  return name + ".rankine";
}

SavedCalls saved_calls_of(const std::string& directory) {
  SavedCalls calls;
  const auto own = place::OwnDirectory::open(directory, run_directory);
  if (!own || !own->has(journal_file)) return calls;
  for (const auto& record : journal::read_journal(*own, journal_file)) {
    const journal::AnyRecord fields = journal::decode(record);
    if (const auto* known = std::get_if<journal::CallsRecord>(&fields)) calls.add(*known);
  }
  return calls;
}

journal::JobRecord job_of(const std::string& path) {
  std::error_code unseen;
  if (fs::exists(path, unseen) && !fs::is_directory(path, unseen)) throw UsageError(path + " is a file, not the directory of a run");
  const auto own = place::OwnDirectory::open(path, run_directory);
  if (!own) throw UsageError("there is no run directory " + path + "; a run that succeeded has removed it");
  if (!own->has(journal_file) && own->has(outcome_file))
    throw UsageError("the run in " + path + " has ended for good and left nothing to go on with: see rankine status " + path +
                     "; to run it again: rankine run");
  if (!own->has(journal_file)) throw UsageError(path + " is no run directory, or its run has ended: there is no journal in it");
  const auto records = journal::read_journal(*own, journal_file);
  if (records.empty()) throw UsageError("the journal of " + path + " is empty: start the script again");
  std::optional<journal::JobRecord> first, last;
  for (const auto& record : records) {
    const journal::AnyRecord fields = journal::decode(record);
    const auto* job = std::get_if<journal::JobRecord>(&fields);
    if (job == nullptr) continue;
    if (!first) first = *job;
    last = *job;
  }
  if (!first || !std::holds_alternative<journal::JobRecord>(journal::decode(records.front())))
    throw InputError("the journal of " + path + " does not begin with its job");
  if (is_copy(*last, *own))
    throw UsageError(path + " is a copy of the run in " + last->place + ": go on with that one, or start the script here, which begins anew");
  first->working_directory = last->working_directory;
  if (const std::string moved = MovedPlace(last->place, own->path())(last->working_directory); fs::is_directory(moved))
    first->working_directory = moved;
  return *first;
}

std::uint64_t progress_of(const std::string& path) noexcept {
  try {
    std::uint64_t count = 0;
    const auto own = place::OwnDirectory::open(path, run_directory);
    if (!own || !own->has(journal_file)) return 0;
    for (const auto& record : journal::read_journal(*own, journal_file)) {
      const journal::AnyRecord fields = journal::decode(record);
      count += std::holds_alternative<journal::CheckpointRecord>(fields) || std::holds_alternative<journal::RunDoneRecord>(fields) ||
               std::holds_alternative<journal::CallsRecord>(fields);
    }
    return count;
  } catch (const std::exception&) {
    return 0;
  }
}

std::string RunDirectory::place(const std::string& otherwise) const {
  std::string path = options_.path.empty() ? otherwise : options_.path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return fs::absolute(path).lexically_normal().string();
}

bool RunDirectory::is_there(const std::string& first_output) const { return has_journal(place(default_run_directory(first_output))); }

std::string RunDirectory::place_for_calls() const { return place(default_run_directory(options_.job)); }

bool RunDirectory::is_there_for_calls() const { return has_journal(place_for_calls()); }

void RunDirectory::open(const std::string& first_output) {
  if (is_open()) return;
  const std::string path = place(default_run_directory(first_output));
  named_ = path != fs::absolute(default_run_directory(first_output)).lexically_normal();
  open_at(path);
}

void RunDirectory::open_for_calls() {
  if (is_open()) return;
  named_ = place_for_calls() != fs::absolute(default_run_directory(options_.job)).lexically_normal();
  open_at(place_for_calls());
}

void RunDirectory::open_at(std::string path) {
  path_ = std::move(path);
  directory_ = place::OwnDirectory::make(path_, run_directory);
  for (const std::string& name : directory_->names())
    if (!is_own_name(name))
      throw UsageError("the directory " + path_ + " holds " + name + ", which is not of a run of rankine; name another one by --run-dir");
  lock_ = std::make_unique<journal::RunLock>(*directory_);
  try {
    last_outcome_ = journal::read_outcome(path_);
  } catch (const Error&) {
    // One that cannot be read tells nothing.
  }
  for (const std::string& name : directory_->names())
    if (is_outcome(name) || is_probe(name)) directory_->remove(name);  // of an earlier job
  auto journal = std::make_unique<journal::Journal>(*directory_, journal_file);
  for (const auto& record : journal->records()) records_.push_back(journal::decode(record));
  for (const auto& record : records_)
    if (const auto* job = std::get_if<journal::JobRecord>(&record)) copied_from_ = is_copy(*job, *directory_) ? job->place : std::string();
  follow();
  if (copied_from_.empty()) check_names();
  if ((options_.fresh || !copied_from_.empty()) && !records_.empty()) begin_anew(journal);
  for (const auto& record : records_) {
    const auto* job = std::get_if<journal::JobRecord>(&record);
    if (job == nullptr) continue;
    compare_job(*job);
    ++job_count_;
  }
  finish_commits();
  resumes_ = !records_.empty();
  options_.job.place = path_;
  options_.job.inode = directory_->identity().inode;
  journal->append(journal::encode(options_.job));
  journal->sync();
  journal_ = std::move(journal);
}

void RunDirectory::begin_anew(std::unique_ptr<journal::Journal>& journal) {
  journal.reset();
  remove_left_outputs();
  records_.clear();
  for (const std::string& name : directory_->names())
    if (name != lock_file) directory_->remove(name);
  journal = std::make_unique<journal::Journal>(*directory_, journal_file);
}

/// Names of what earlier jobs left, as they are now: the directory may have been moved, with what lies beside it or without. Of a
/// copy only what was copied along is left; the rest is the original's.
void RunDirectory::follow() {
  std::optional<MovedPlace> moved;
  std::error_code ignored;
  const auto is_there = [&](const std::string& path) { return fs::exists(fs::symlink_status(path, ignored)); };
  const auto follow_target = [&](store::OutputTarget& target) {
    if (!moved) return true;
    const std::string temporary = (*moved)(target.temporary_path);
    const bool has_moved = temporary != target.temporary_path && (is_there(temporary) || !is_there(target.temporary_path));
    if (has_moved) {
      target.temporary_path = temporary;
      target.spec.path = (*moved)(target.spec.path);
    }
    return has_moved || copied_from_.empty();
  };
  const auto follow_file = [&](std::string& file) {
    if (!moved) return;
    if (is_blocks(fs::path(file).filename().string())) file = path_ + "/" + fs::path(file).filename().string();
    else if (const std::string now = (*moved)(file); is_there(now) || !is_there(file)) file = now;
  };
  for (auto& record : records_) {
    if (auto* job = std::get_if<journal::JobRecord>(&record)) {
      moved.reset();
      if (!job->place.empty() && job->place != path_) moved.emplace(job->place, path_);
    } else if (auto* checkpoint = std::get_if<journal::CheckpointRecord>(&record)) {
      for (auto& file : checkpoint->files) follow_file(file);
    } else if (auto* calls = std::get_if<journal::CallsRecord>(&record)) {
      for (auto& file : calls->files) follow_file(file);
    } else if (auto* file = std::get_if<journal::VoidFileRecord>(&record)) {
      follow_file(file->path);
    } else {
      auto* run = std::get_if<journal::RunRecord>(&record);
      auto* begun = std::get_if<journal::BegunOutputsRecord>(&record);
      if (run == nullptr && begun == nullptr) continue;
      std::vector<std::byte>& bytes = run != nullptr ? run->targets : begun->targets;
      std::vector<store::OutputTarget> targets = decode_targets(bytes);
      for (auto& target : targets)
        if (follow_target(target)) left_outputs_.push_back(target);
      if (moved) bytes = encode_targets(targets);
    }
  }
}

/// Where the jobs of the run were started, this one first.
std::vector<std::string> RunDirectory::working_directories() const {
  std::vector<std::string> all{options_.job.working_directory};
  for (const auto& record : records_)
    if (const auto* job = std::get_if<journal::JobRecord>(&record); job != nullptr && std::find(all.begin(), all.end(), job->working_directory) == all.end())
      all.push_back(job->working_directory);
  return all;
}

/// A journal says what is removed, and where saved bytes lie. Its checksums tell of accidents, not of intent; so it may name
/// unfinished outputs and files of this directory only, each by such a name as they get.
void RunDirectory::check_names() const {
  const auto refuse_name = [&](const std::string& name, const std::string& what) {
    throw UsageError("the journal in " + path_ + " names " + name + ", which is no " + what +
                     ": it is damaged, or somebody has changed it. Nothing that it names is touched; remove " + path_ +
                     ", or name another directory by --run-dir");
  };
  std::set<std::string> known;
  for (const auto& target : left_outputs_) {
    if (!store::has_own_temporary_path(target)) refuse_name(target.temporary_path, "unfinished output of " + target.spec.path);
    known.insert(target.temporary_path);
  }
  const auto check_file = [&](const std::string& file) {
    const bool lies_here = fs::path(file).parent_path() == path_ && is_blocks(fs::path(file).filename().string());
    if (!lies_here && !known.contains(file)) refuse_name(file, "file of its run");
  };
  for (const auto& record : records_) {
    if (const auto* checkpoint = std::get_if<journal::CheckpointRecord>(&record))
      for (const auto& file : checkpoint->files) check_file(file);
    if (const auto* calls = std::get_if<journal::CallsRecord>(&record))
      for (const auto& file : calls->files) check_file(file);
  }
}

std::set<std::uint32_t> RunDirectory::done_runs() const {
  std::set<std::uint32_t> numbers;
  for (const auto& record : records_)
    if (const auto* done = std::get_if<journal::RunDoneRecord>(&record)) numbers.insert(done->number);
  return numbers;
}

/// A plan is noted as done before its outputs get their names. Whoever was killed in between left some steps of that untaken, and
/// the script is about to look at what it has written.
void RunDirectory::finish_commits() const {
  const std::set<std::uint32_t> done = done_runs();
  std::map<std::uint32_t, const journal::RunRecord*> last;
  for (const auto& record : records_)
    if (const auto* run = std::get_if<journal::RunRecord>(&record); run != nullptr && done.contains(run->number)) last[run->number] = run;
  for (const auto& [number, run] : last)
    for (const auto& target : decode_targets(run->targets))
      if (store::is_unfinished(target)) store::finish_commit(target);
}

std::optional<std::int64_t> RunDirectory::append_begin(const std::string& path, std::size_t ordinal) const {
  const std::set<std::uint32_t> done = done_runs();
  std::map<std::uint32_t, const journal::RunRecord*> last;
  for (const auto& record : records_)
    if (const auto* run = std::get_if<journal::RunRecord>(&record)) last[run->number] = run;
  std::size_t found = 0;
  for (const auto& [number, run] : last)
    for (const auto& target : decode_targets(run->targets)) {
      if (target.spec.path != path || target.spec.append_dim.empty() || found++ != ordinal) continue;
      if (!done.contains(number)) return std::nullopt;
      return target.spec.append_begin;
    }
  return std::nullopt;
}

void RunDirectory::remove_left_outputs() noexcept {
  for (const auto& left : left_outputs_) store::discard_output(left);
  left_outputs_.clear();
}

void RunDirectory::refuse(const std::string& what) {
  refused_ = true;
  throw UsageError("cannot go on with the run in " + path_ + ": " + what +
                   "; start over with --fresh, or name another directory by --run-dir");
}

void RunDirectory::compare_job(const journal::JobRecord& earlier) {
  if (earlier.script_text != options_.job.script_text)
    refuse("the script has changed: " + first_difference(earlier.script_text, options_.job.script_text));
  if (earlier.arguments != options_.job.arguments)
    refuse("the script's arguments were '" + joined(earlier.arguments) + "' and are '" +
           joined(options_.job.arguments) + "'");
  if (earlier.program_version != options_.job.program_version)
    refuse("it was begun by rankine " + earlier.program_version + ", this is " + options_.job.program_version);
}

EarlierRun RunDirectory::earlier(std::uint32_t number, const plan::LogicalPlan& plan) {
  EarlierRun earlier;
  const journal::RunRecord* begun = nullptr;
  for (const auto& record : records_)
    if (const auto* run = std::get_if<journal::RunRecord>(&record); run != nullptr && run->number == number) begun = run;
  // It may be gone on with from another working directory, where its inputs are called by other names.
  std::string base;
  for (const std::string& directory : working_directories()) {
    journal::RunRecord here = record_of(number, plan, options_.keep_going, directory);
    const bool is_first = base.empty();
    const bool fits = begun == nullptr || is_same_plan(here, *begun);
    if (is_first || fits) {
      base = directory;
      earlier.plan = std::move(here);
    }
    if (fits) break;
  }
  const journal::RunRecord& now = earlier.plan;
  const bool is_done = done_runs().contains(number);
  for (const auto& record : records_) {
    if (const auto* run = std::get_if<journal::RunRecord>(&record); run != nullptr && run->number == number) {
      earlier.targets = decode_targets(run->targets);
      // What it has appended to was an input too, and has changed by what it did.
      const auto is_own_work = [&](const std::string& path) {
        return is_done && std::any_of(earlier.targets.begin(), earlier.targets.end(), [&](const auto& target) {
                 const std::string store = seen_from(base, target.spec.path) + "/";
                 return path.compare(0, store.size(), store) == 0;
               });
      };
      for (const auto& input : run->inputs) {
        const auto same = std::find_if(now.inputs.begin(), now.inputs.end(),
                                       [&](const auto& other) { return other.path == input.path; });
        if (same == now.inputs.end()) refuse(input.path + " is no longer among its inputs");
        if (*same == input || is_own_work(input.path)) continue;
        refuse("the input " + input.path + " has changed: it had " + std::to_string(input.size) + " bytes and has " +
               std::to_string(same->size) + (same->size == input.size ? ", but was modified since" : ""));
      }
      if (now.inputs.size() != run->inputs.size()) refuse("it has other inputs now");
      if (!is_same_plan(now, *run))
        refuse("its computation number " + std::to_string(number) + " is another one now");
    } else if (const auto* checkpoint = std::get_if<journal::CheckpointRecord>(&record);
               checkpoint != nullptr && checkpoint->run == number) {
      earlier.finished.insert(earlier.finished.end(), checkpoint->done.begin(), checkpoint->done.end());
      earlier.saved.add(*checkpoint);
    } else if (const auto* file = std::get_if<journal::VoidFileRecord>(&record)) {
      earlier.saved.drop_file(file->path);
    } else if (const auto* kill = std::get_if<journal::KillRecord>(&record); kill != nullptr && kill->run == number) {
      earlier.kills.push_back(*kill);
    } else if (const auto* done = std::get_if<journal::RunDoneRecord>(&record);
               done != nullptr && done->number == number) {
      earlier.done = true;
      earlier.values.clear();
      for (const auto& value : done->values) earlier.values.push_back(decode_value(value));
    }
  }
  std::sort(earlier.finished.begin(), earlier.finished.end());
  earlier.finished.erase(std::unique(earlier.finished.begin(), earlier.finished.end()), earlier.finished.end());
  // Told now, and not when a task asks for it.
  for (const std::string& file : earlier.done ? std::set<std::string>() : earlier.saved.files_in_use())
    if (!place::open_own_file(file, O_RDONLY)) refuse(file + ", which holds results of it, has gone, or is not a file of yours alone");
  return earlier;
}

void RunDirectory::note_making(const std::vector<store::OutputTarget>& targets) {
  if (targets.empty()) return;
  std::vector<store::OutputTarget> making = targets;
  for (auto& target : making) target.owner = directory_->user();
  left_outputs_.insert(left_outputs_.end(), making.begin(), making.end());
  journal_->append(journal::encode(journal::BegunOutputsRecord{encode_targets(making)}));
  journal_->sync();
}

void RunDirectory::note_begin(journal::RunRecord plan, const std::vector<store::OutputTarget>& targets) {
  plan.targets = encode_targets(targets);
  left_outputs_.insert(left_outputs_.end(), targets.begin(), targets.end());
  journal_->append(journal::encode(plan));
}

void RunDirectory::note_checkpoint(const journal::CheckpointRecord& checkpoint) {
  journal_->append(journal::encode(checkpoint));
  journal_->sync();
}

SavedCalls RunDirectory::earlier_calls() {
  SavedCalls calls;
  for (const auto& record : records_) {
    const auto* known = std::get_if<journal::CallsRecord>(&record);
    if (known == nullptr) continue;
    if (options_.job.script_text.empty() && known->program != program_checksum()) refuse("the program has changed");
    calls.add(*known);
  }
  return calls;
}

void RunDirectory::note_calls(journal::CallsRecord record) {
  if (options_.job.script_text.empty()) record.program = program_checksum();
  journal_->append(journal::encode(record));
  journal_->sync();
}

std::string RunDirectory::how_to_go_on() const {
  if (options_.job.script_text.empty()) return "start the same program again to go on";
  return "go on with: rankine resume " + path_;
}

void RunDirectory::note_kill(const journal::KillRecord& kill) {
  journal_->append(journal::encode(kill));
  journal_->sync();
}

/// A large value lies in a file of its own: neither the journal nor a later job holds it more than once.
std::vector<std::byte> RunDirectory::encode_value(const NdArray& value, const std::string& file) const {
  constexpr Bytes largest_inside{std::uint64_t{1} << 20};
  const bool inside = value.bytes() <= largest_inside;
  const Block block = inside ? Block{{value}, {}} : Block{};
  ByteWriter writer;
  writer.put_vector(encode_head(block));
  if (!inside) {
    const std::span<const std::byte> elements(value.raw(), value.bytes().value);
    writer.put(value.dtype());
    writer.put_vector(value.shape());
    writer.put_string(file);
    writer.put(codec::crc32c(elements));
    const std::string what = "cannot keep a value in " + path_;
    directory_->remove(file);  // of a job that ended before it noted it
    const place::Descriptor stored = directory_->make_file(file, O_WRONLY);
    if (!stored) throw OutputError(what + ": " + std::strerror(errno));
    store::write_at(stored.number(), 0, elements, what, path_ + "/" + file);
    if (::fsync(stored.number()) != 0) throw OutputError(what + ": " + std::strerror(errno));
  }
  std::vector<std::byte> bytes = writer.take();
  append_payload(block, bytes);
  return bytes;
}

NdArray RunDirectory::decode_value(const std::vector<std::byte>& bytes) const {
  ByteReader reader(bytes);
  const auto head = reader.get_vector<std::byte>();
  if (!empty_block(head)->parts.empty()) return decode_block(head, reader.get_bytes(reader.remaining()))->parts.at(0);
  const auto dtype = reader.get<DType>();
  NdArray value(dtype, reader.get_vector<std::int64_t>());
  const std::string file = reader.get_string();
  const place::Descriptor stored = is_values(file) ? directory_->open_file(file, O_RDONLY) : place::Descriptor();
  if (!stored || !read_all(stored.number(), {value.raw(), value.bytes().value}) ||
      codec::crc32c({value.raw(), value.bytes().value}) != reader.get<std::uint32_t>())
    throw InputError("a value of the run in " + path_ + " cannot be read back from " + file + "; start over with --fresh");
  return value;
}

void RunDirectory::note_done(std::uint32_t number, const std::vector<NdArray>& values) {
  journal::RunDoneRecord done;
  done.number = number;
  for (std::size_t i = 0; i < values.size(); ++i)
    done.values.push_back(encode_value(values[i], "values-" + std::to_string(job_count_) + "-" + std::to_string(number) + "-" + std::to_string(i)));
  journal_->append(journal::encode(done));
  journal_->sync();
}

void RunDirectory::note_void(const std::string& path) {
  journal_->append(journal::encode(journal::VoidFileRecord{path}));
  journal_->sync();
}

std::string RunDirectory::blocks_path(int rank, std::uint32_t run, std::uint32_t sequence) const {
  return path_ + "/blocks-" + std::to_string(job_count_) + "-" + std::to_string(run) + "-" + std::to_string(sequence) + "-" +
         std::to_string(rank);
}

void RunDirectory::beat() {
  if (lock_) lock_->beat();
}

void RunDirectory::remove() noexcept {
  if (!is_open() || refused_) return;
  remove_left_outputs();
  journal_.reset();
  for (const std::string& name : directory_->names()) {
    const bool is_kept = (named_ && name == outcome_file) || name == lock_file;
    if (is_own_name(name) && !is_kept) directory_->remove(name);
  }
  lock_.reset();
  directory_->remove_itself();
}

}  // namespace rankine::runtime
