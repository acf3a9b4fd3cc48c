#include "runtime/run_directory.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "codec/checksum.hpp"
#include "runtime/call_keys.hpp"
#include "store/file_stamp.hpp"
#include "store/output_target.hpp"

namespace rankine::runtime {
namespace {

namespace fs = std::filesystem;

std::vector<journal::InputFingerprint> fingerprints(const plan::LogicalPlan& plan, bool may_be_gone) {
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
    inputs.push_back({path, stamp.size, stamp.mtime_ns});
  }
  return inputs;
}

/// The plan's bytes without the chunk indexes, which are read at one time or another: they follow from the files.
std::vector<std::byte> bytes_without_indexes(const plan::LogicalPlan& plan) {
  const auto arrays = plan::stored_arrays(plan);
  std::vector<decltype(arrays[0]->index)> indexes;
  for (const auto& array : arrays) indexes.push_back(std::exchange(array->index, nullptr));
  ByteWriter writer;
  plan::write_to(writer, plan);
  for (std::size_t i = 0; i < arrays.size(); ++i) arrays[i]->index = indexes[i];
  return writer.take();
}

journal::RunRecord record_of(std::uint32_t number, const plan::LogicalPlan& plan, bool may_be_gone) {
  const std::vector<std::byte> bytes = bytes_without_indexes(plan);
  journal::RunRecord run;
  run.number = number;
  run.plan_bytes = bytes.size();
  run.plan_crc32c = codec::crc32c(bytes);
  run.plan_crc32 = codec::crc32(bytes);
  run.inputs = fingerprints(plan, may_be_gone);
  return run;
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

constexpr const char* outcome_file = "outcome.json";
constexpr const char* begun_outcome_file = "outcome.json.new";   // left behind where whoever wrote it was killed

bool is_own_name(const std::string& name) {
  return name == "journal" || name == "lock" || name == outcome_file || name == begun_outcome_file || name.rfind("blocks-", 0) == 0 ||
         name.rfind("values-", 0) == 0;
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

SavedCalls saved_calls_of(const std::string& run_directory) {
  SavedCalls calls;
  if (!fs::exists(run_directory + "/journal")) return calls;
  for (const auto& record : journal::read_journal(run_directory + "/journal")) {
    const journal::AnyRecord fields = journal::decode(record);
    if (const auto* known = std::get_if<journal::CallsRecord>(&fields)) calls.add(*known);
  }
  return calls;
}

journal::JobRecord job_of(const std::string& run_directory) {
  if (fs::exists(run_directory) && !fs::is_directory(run_directory))
    throw UsageError(run_directory + " is a file, not the directory of a run");
  if (!fs::is_directory(run_directory))
    throw UsageError("there is no run directory " + run_directory + "; a run that succeeded has removed it");
  if (!fs::exists(run_directory + "/journal") && fs::exists(run_directory + "/" + outcome_file))
    throw UsageError("the run in " + run_directory + " has ended for good and left nothing to go on with: see rankine status " + run_directory +
                     "; to run it again: rankine run");
  if (!fs::exists(run_directory + "/journal"))
    throw UsageError(run_directory + " is no run directory, or its run has ended: there is no journal in it");
  const auto records = journal::read_journal(run_directory + "/journal");
  if (records.empty()) throw UsageError("the journal of " + run_directory + " is empty: start the script again");
  const journal::AnyRecord first = journal::decode(records.front());
  const auto* job = std::get_if<journal::JobRecord>(&first);
  if (job == nullptr) throw InputError("the journal of " + run_directory + " does not begin with its job");
  return *job;
}

std::uint64_t progress_of(const std::string& run_directory) noexcept {
  try {
    std::uint64_t count = 0;
    for (const auto& record : journal::read_journal(run_directory + "/journal")) {
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

bool RunDirectory::is_there(const std::string& first_output) const { return fs::exists(place(default_run_directory(first_output)) + "/journal"); }

std::string RunDirectory::place_for_calls() const { return place(default_run_directory(options_.job)); }

bool RunDirectory::is_there_for_calls() const { return fs::exists(place_for_calls() + "/journal"); }

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
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST)
    throw OutputError("cannot make the run directory " + path_ + ": " + std::strerror(errno) +
                      "; name another one by --run-dir");
  if (!fs::is_directory(path_)) throw UsageError("the run directory " + path_ + " is no directory; name another one by --run-dir");
  for (const auto& entry : fs::directory_iterator(path_))
    if (!is_own_name(entry.path().filename().string()))
      throw UsageError("the directory " + path_ + " holds " + entry.path().filename().string() +
                       ", which is not of a run of rankine; name another one by --run-dir");
  lock_ = std::make_unique<journal::RunLock>(path_);
  try {
    last_outcome_ = journal::read_outcome(path_);
  } catch (const Error&) {
    // One that cannot be read tells nothing.
  }
  for (const char* file : {outcome_file, begun_outcome_file}) fs::remove(path_ + "/" + file);   // of an earlier job
  auto journal = std::make_unique<journal::Journal>(path_ + "/journal");
  for (const auto& record : journal->records()) records_.push_back(journal::decode(record));
  for (const auto& record : records_)
    if (const auto* run = std::get_if<journal::RunRecord>(&record))
      for (const auto& target : decode_targets(run->targets)) left_outputs_.push_back(target.temporary_path);
  if (options_.fresh && !records_.empty()) {
    journal.reset();
    for (const auto& left : left_outputs_) fs::remove_all(left);
    left_outputs_.clear();
    records_.clear();
    for (const auto& entry : fs::directory_iterator(path_))
      if (entry.path().filename() != "lock") fs::remove(entry.path());
    journal = std::make_unique<journal::Journal>(path_ + "/journal");
  }
  for (const auto& record : records_) {
    const auto* job = std::get_if<journal::JobRecord>(&record);
    if (job == nullptr) continue;
    compare_job(*job);
    ++job_count_;
  }
  resumes_ = !records_.empty();
  journal->append(journal::encode(options_.job));
  journal->sync();
  journal_ = std::move(journal);
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
  earlier.plan = record_of(number, plan, options_.keep_going);
  const journal::RunRecord& now = earlier.plan;
  for (const auto& record : records_) {
    if (const auto* run = std::get_if<journal::RunRecord>(&record); run != nullptr && run->number == number) {
      for (const auto& input : run->inputs) {
        const auto same = std::find_if(now.inputs.begin(), now.inputs.end(),
                                       [&](const auto& other) { return other.path == input.path; });
        if (same == now.inputs.end()) refuse(input.path + " is no longer among its inputs");
        if (*same == input) continue;
        refuse("the input " + input.path + " has changed: it had " + std::to_string(input.size) + " bytes and has " +
               std::to_string(same->size) + (same->size == input.size ? ", but was modified since" : ""));
      }
      if (now.inputs.size() != run->inputs.size()) refuse("it has other inputs now");
      if (now.plan_bytes != run->plan_bytes || now.plan_crc32c != run->plan_crc32c || now.plan_crc32 != run->plan_crc32)
        refuse("its computation number " + std::to_string(number) + " is another one now");
      earlier.targets = decode_targets(run->targets);
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
  return earlier;
}

void RunDirectory::note_begin(journal::RunRecord plan, const std::vector<store::OutputTarget>& targets) {
  plan.targets = encode_targets(targets);
  for (const auto& target : targets) left_outputs_.push_back(target.temporary_path);
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
    store::write_file(path_ + "/" + file, elements, "cannot keep a value in " + path_);
    store::flush_file(path_ + "/" + file, path_ + "/" + file);
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
  std::ifstream stored(path_ + "/" + file, std::ios::binary);
  stored.read(reinterpret_cast<char*>(value.raw()), static_cast<std::streamsize>(value.bytes().value));
  if (!stored || codec::crc32c({value.raw(), value.bytes().value}) != reader.get<std::uint32_t>())
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
  std::error_code ignored;
  for (const auto& left : left_outputs_) fs::remove_all(left, ignored);
  journal_.reset();
  for (const auto& entry : fs::directory_iterator(path_, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool is_kept = named_ && name == outcome_file;
    if (is_own_name(name) && !is_kept) fs::remove(entry.path(), ignored);
  }
  lock_.reset();
  fs::remove(path_, ignored);
}

}  // namespace rankine::runtime
