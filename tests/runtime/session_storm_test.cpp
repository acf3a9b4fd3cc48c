// Every meeting of checkpoints, closing, committing, losses, warnings, interrupts, full disks and jobs that go on, drawn
// from a seed: the real session and the real workers on threads of one process, struck at frames that rank 0 sends or takes.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include "array/expr.hpp"
#include "base/prng.hpp"
#include "job_of_threads.hpp"
#include "store/io_faults.hpp"
#include "store/store.hpp"

using namespace rankine;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t rows = 80;
const Shape whole_shape{rows, 12, 8};

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("session-storm-" + std::to_string(::getpid()))) { fs::create_directories(path_); }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  fs::path path_;
};

class Sums final : public runtime::TaskLibrary {
 public:
  std::uint32_t function_count() const override { return 1; }
  std::string name_of(std::uint32_t) const override { return "sum"; }
  std::vector<std::byte> call(std::uint32_t, std::span<const std::byte> arguments, std::span<const std::span<const std::byte>> inputs,
                              runtime::CallContext&) const override {
    unsigned sum = 0;
    for (const std::byte value : arguments) sum += static_cast<unsigned>(value);
    for (const auto& input : inputs) sum += static_cast<unsigned>(input[0]);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // worth a line in the journal
    return {static_cast<std::byte>(sum)};
  }
};

array::ExprPtr stored_field(const std::string& path) {
  std::vector<float> values(static_cast<std::size_t>(element_count(whole_shape)));
  Prng prng(7);
  for (float& value : values) value = static_cast<float>(prng.uniform());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  auto stored = std::make_shared<array::StoredArray>();
  stored->path = path;
  stored->variable = "/x";
  stored->shape = whole_shape;
  stored->chunk_shape = {7, 5, 8};
  return array::source(stored);
}

array::OutputVariable variable_named(const std::string& name) {
  array::OutputVariable variable;
  variable.name = name;
  variable.dims = {"time", "y", "x"};
  variable.dtype = DType::float32;
  variable.shape = whole_shape;
  return variable;
}

array::OutputSpec output_at(const std::string& path, array::OutputFormat format, std::vector<array::OutputVariable> variables) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = format;
  spec.dims = {{"time", rows, false}, {"y", 12, false}, {"x", 8, false}};
  spec.variables = std::move(variables);
  return spec;
}

/// What a script of two computations asks for: a Zarr store, and a NetCDF-4 file whose variable `a` is compressed (so that
/// one owner writes it) beside a `b` that any rank writes; then a NetCDF-3 file and a compressed one.
struct Script {
  explicit Script(const Folder& folder) : field(stored_field(folder / "x.bin")) {
    array::OutputVariable chunked = variable_named("a");
    chunked.chunk_shape = {10, 6, 8};
    array::OutputVariable compressed = chunked;
    compressed.codecs = {{.kind = codec::Kind::shuffle, .element_bytes = 4}, {.kind = codec::Kind::deflate, .level = 1}};
    first_outputs = {output_at(folder / "out.zarr", array::OutputFormat::zarr2, {chunked}),
                     output_at(folder / "out.nc", array::OutputFormat::netcdf4, {compressed, variable_named("b")})};
    second_outputs = {output_at(folder / "second.nc", array::OutputFormat::netcdf3_64bit, {variable_named("b")}),
                      output_at(folder / "deflated.nc", array::OutputFormat::netcdf4, {compressed})};
    kernel::ReduceSpec mean;
    mean.op = kernel::ReduceOp::mean;
    over_time = array::reduce(field, {0}, mean);
    anomaly = array::cast(array::elementwise(kernel::Op::subtract, {field, array::permute(over_time, {-1, 0, 1})}), DType::float32);
    squared = array::cast(array::elementwise(kernel::Op::multiply, {anomaly, anomaly}), DType::float32);
  }
  static plan::LogicalPlan small_blocks() {
    plan::LogicalPlan plan;
    plan.options.block_bytes = 1500;
    plan.options.least_block_bytes = 64;
    return plan;
  }
  plan::LogicalPlan first() const {
    plan::LogicalPlan plan = small_blocks();
    plan.sinks.push_back({plan::SinkKind::write, anomaly, "a in out.zarr", 0, 0, {}});
    plan.sinks.push_back({plan::SinkKind::write, squared, "a in out.nc", 1, 0, {}});
    plan.sinks.push_back({plan::SinkKind::write, anomaly, "b in out.nc", 1, 1, {}});
    plan.sinks.push_back({plan::SinkKind::value, over_time, {}, 0, 0, {}});
    return plan;
  }
  plan::LogicalPlan second() const {
    plan::LogicalPlan plan = small_blocks();
    plan.sinks.push_back({plan::SinkKind::write, squared, "b in second.nc", 0, 0, {}});
    plan.sinks.push_back({plan::SinkKind::write, anomaly, "a in deflated.nc", 1, 0, {}});
    return plan;
  }
  /// Everything that the script gives.
  struct Results {
    NdArray over_time;
    int total = 0;
  };
  Results run(JobOfThreads& job, bool with_calls) const {
    Results results;
    std::optional<runtime::CallId> total;
    if (with_calls) {
      std::vector<runtime::CallId> level;
      for (std::size_t i = 0; i < 12; ++i) level.push_back(job.calls().submit({{.function = 0, .arguments = std::vector<std::byte>(i, std::byte{1})}}));
      total = job.calls().submit({{.function = 0, .arguments = {}, .inputs = level}});
    }
    results.over_time = job.session().run(first(), first_outputs).at(0);
    job.session().run(second(), second_outputs);
    if (total) results.total = static_cast<int>(job.calls().results({&*total, 1})[0]->at(0));
    return results;
  }

  array::ExprPtr field, over_time, anomaly, squared;
  std::vector<array::OutputSpec> first_outputs, second_outputs;
};

bool same(const NdArray& a, const NdArray& b) { return a.shape() == b.shape() && std::memcmp(a.raw(), b.raw(), a.bytes().value) == 0; }

NdArray written(const std::string& path, const std::string& name) {
  const array::Catalogue catalogue = store::open_catalogue(path);
  store::Reader reader;
  for (const auto& variable : catalogue.variables) {
    if (variable.name != name) continue;
    if (variable.data->storage == array::Storage::chunked) store::load_chunk_index(*variable.data);
    return reader.read(*variable.data, Box::whole(whole_shape));
  }
  throw std::logic_error("no variable " + name);
}

std::vector<NdArray> all_outputs(const Folder& folder) {
  return {written(folder / "out.zarr", "a"), written(folder / "out.nc", "a"), written(folder / "out.nc", "b"),
          written(folder / "second.nc", "b"), written(folder / "deflated.nc", "a")};
}

/// Writes that fail for want of room, so many.
std::atomic<int> writes_without_room{0};

/// What happens when: the `count`-th frame of a kind, or of any, and then this.
struct Strike {
  enum class When { any_frame, save_ordered, saved, close_ordered, closed } when;
  unsigned count;
  enum class What { kill, warn, interrupt, fill_disk } what;
  int rank;
};

bool is_of(const wire::Message& message, Strike::When when) {
  switch (when) {
    case Strike::When::any_frame: return true;
    case Strike::When::save_ordered: return std::holds_alternative<wire::SaveBlocks>(message);
    case Strike::When::saved: return std::holds_alternative<wire::BlocksSaved>(message);
    case Strike::When::close_ordered: return std::holds_alternative<wire::CloseOutputs>(message) || std::holds_alternative<wire::Abort>(message);
    case Strike::When::closed: return std::holds_alternative<wire::OutputsClosed>(message);
  }
  return false;
}

/// One job of a storm: the script on some ranks, struck a few times. Its exit status.
struct StormyJob {
  StormyJob(Prng& prng, const runtime::TaskLibrary& library, const Folder& folder, bool calm) {
    leave = 0;
    interrupt = 0;
    writes_without_room = 0;
    const int ranks = 1 + static_cast<int>(prng.below(4));
    const double checkpoint_every_s[] = {0, 0, 0.0005, 0.002, 60};
    for (std::uint64_t left = calm ? 0 : prng.below(4); left > 0; --left) {
      const auto when = static_cast<Strike::When>(prng.below(5));
      const auto what = prng.below(8);
      strikes.push_back({when, 1 + static_cast<unsigned>(prng.below(when == Strike::When::any_frame ? 250 : 8)),
                         what < 4 ? Strike::What::kill : what < 6 ? Strike::What::warn : what < 7 ? Strike::What::interrupt : Strike::What::fill_disk,
                         1 + static_cast<int>(prng.below(3))});
    }
    slow_turns = Prng(prng.next());
    job = std::make_unique<JobOfThreads>(
        library, JobOfThreads::Options{.ranks = ranks, .threads = 1 + static_cast<unsigned>(prng.below(2)), .scheduler_works = prng.below(2) == 0,
                                       .checkpoint_every_s = checkpoint_every_s[prng.below(5)], .asked_to_leave = &leave,
                                       .interrupted = &interrupt, .drain_s = 0.2, .reports_deaths = true,
                                       .on_frame = [this, ranks](const wire::Message& message) { pass(message, ranks); },
                                       .on_turn = [this](int) { take_time(); }});
    job->session().keep_progress({.path = folder / "run", .job = {"1", folder / "", "script.py", "text", {}}});
  }
  void pass(const wire::Message& message, int ranks) {
    for (Strike& strike : strikes) {
      if (strike.count == 0 || !is_of(message, strike.when) || --strike.count != 0) continue;
      switch (strike.what) {
        case Strike::What::kill: if (strike.rank < ranks) job->kill(strike.rank); break;
        case Strike::What::warn: leave = 1; break;
        case Strike::What::interrupt: interrupt = SIGINT; break;
        case Strike::What::fill_disk: writes_without_room = 1 << 20; break;
      }
    }
  }
  /// Some ranks are late, each time others.
  void take_time() {
    unsigned us = 0;
    {
      const std::lock_guard lock(mutex);
      if (slow_turns.below(4) == 0) us = static_cast<unsigned>(slow_turns.below(400));
    }
    if (us != 0) std::this_thread::sleep_for(std::chrono::microseconds(us));
  }
  int run(const Script& script, bool with_calls, std::optional<Script::Results>& results) {
    int status = 0;
    try {
      results = script.run(*job, with_calls);
    } catch (const Error& error) {
      status = static_cast<int>(error.code());
      message = error.what();
    }
    job->end(status);
    job.reset();
    return status;
  }

  volatile std::sig_atomic_t leave = 0, interrupt = 0;
  std::vector<Strike> strikes;
  std::mutex mutex;
  Prng slow_turns{1};
  std::string message;
  std::unique_ptr<JobOfThreads> job;
};

}  // namespace

TEST_CASE("whatever meets whatever in a run with checkpoints, jobs that go on end with the same outputs and leave nothing") {
  const Sums library;
  std::vector<NdArray> expected;
  NdArray expected_value;
  {
    const Folder folder;
    const Script script(folder);
    JobOfThreads alone(library, {.ranks = 1});
    expected_value = script.run(alone, false).over_time;
    expected = all_outputs(folder);
  }
  store::rehearse_io([](store::IoCall call, const std::string&) {
    if (call != store::IoCall::write || writes_without_room.load() <= 0) return 0;
    --writes_without_room;
    return ENOSPC;
  });
  const auto* const only = std::getenv("RANKINE_STORM_SEED");
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : 60;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    INFO("RANKINE_STORM_SEED=" << seed);
    const Folder folder;
    const Script script(folder);
    Prng prng(seed);
    const bool with_calls = prng.below(3) == 0;
    std::optional<Script::Results> results;
    int jobs = 0;
    while (!results) {
      StormyJob job(prng, library, folder, ++jobs > 6);
      const int status = job.run(script, with_calls, results);
      CAPTURE(jobs, job.message);
      if (status == 75) continue;
      CHECK(fs::exists(folder / "run") == false);
      if (status == 0) break;
      // The run is over: of what it had not finished nothing is left.
      REQUIRE((status == 130 || status == 4));
      for (const auto& name : folder.names()) CHECK(name.find(".part") == std::string::npos);
    }
    REQUIRE(results);
    CHECK(same(results->over_time, expected_value));
    CHECK(results->total == (with_calls ? 66 : 0));
    CHECK(folder.names() == std::vector<std::string>{"deflated.nc", "out.nc", "out.zarr", "second.nc", "x.bin"});
    const std::vector<NdArray> outputs = all_outputs(folder);
    for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(same(outputs[i], expected[i]));
  }
  store::rehearse_io({});
}
