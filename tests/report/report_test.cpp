#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "report/progress.hpp"
#include "report/banner.hpp"
#include "report/reporter.hpp"
#include "report/summary.hpp"

using namespace rankine;
using namespace rankine::report;

namespace {

constexpr Bytes mib(double count) { return {static_cast<std::uint64_t>(count * 1048576)}; }

ProgressState half_done() {
  ProgressState state;
  state.tasks_done = 812;
  state.tasks_total = 1560;
  state.bytes_read = mib(1240);
  state.elapsed_s = 2;
  state.memory_held = mib(210);
  state.memory_limit = mib(1536);
  return state;
}

Instant at_s(double seconds) { return {static_cast<std::int64_t>(seconds * 1e9)}; }

/// A file in memory that is no terminal.
class Captured {
 public:
  Captured() : file(open_memstream(&text_, &size_)) {}
  ~Captured() {
    std::fclose(file);
    std::free(text_);
  }
  std::string text() const {
    std::fflush(file);
    return std::string(text_, size_);
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;

 public:
  std::FILE* file;
};

ReporterOptions to(const Captured& captured, Verbosity verbosity, ProgressStyle style) {
  ReporterOptions options;
  options.verbosity = verbosity;
  options.progress = style;
  options.out = captured.file;
  options.timestamp = [] { return std::string("NOW"); };
  return options;
}

}  // namespace

TEST_CASE("durations read as people say them") {
  CHECK(format_duration(0) == "0.0 s");
  CHECK(format_duration(3.25) == "3.2 s");
  CHECK(format_duration(9.96) == "10 s");
  CHECK(format_duration(59.4) == "59 s");
  CHECK(format_duration(59.6) == "1 min 00 s");
  CHECK(format_duration(125) == "2 min 05 s");
  CHECK(format_duration(3725) == "1 h 02 min");
  CHECK(format_duration(7199) == "2 h 00 min");
}

TEST_CASE("the time to go follows the share of tasks done") {
  ProgressState state = half_done();
  CHECK(eta_s(state) == Approx(2.0 * 748 / 812));
  state.tasks_done = 1560;
  CHECK(eta_s(state) == 0);
  state.tasks_done = 0;
  CHECK(eta_s(state) < 0);
}

TEST_CASE("a progress line shows all when there is room and drops the least important first") {
  CHECK(progress_line(half_done(), 200) ==
        "[==========>         ]   52%  812/1560 tasks  1.21 GiB read  620 MiB/s  ETA 1.8 s  mem 210 MiB of 1.50 GiB");
  CHECK(progress_line(half_done(), 79) == " 52%  812/1560 tasks  1.21 GiB read  620 MiB/s  ETA 1.8 s");
  CHECK(progress_line(half_done(), 45) == " 52%  812/1560 tasks  620 MiB/s  ETA 1.8 s");
  CHECK(progress_line(half_done(), 30) == " 52%  812/1560 tasks");
  CHECK(progress_line(half_done(), 3) == " 52");
}

TEST_CASE("a progress line at the start and at the end") {
  ProgressState state;
  CHECK(progress_line(state, 200) == "[>                   ]    0%  0/0 tasks  0 B read  -  mem 0 B");
  state = half_done();
  state.tasks_done = state.tasks_total;
  state.tasks_retried = 2;
  state.memory_limit = {};
  CHECK(progress_line(state, 200) ==
        "[====================]  100%  1560/1560 tasks  2 retried  1.21 GiB read  620 MiB/s  ETA 0.0 s  mem 210 MiB");
}

TEST_CASE("a plain line for logs") {
  CHECK(plain_line(half_done()) ==
        "812/1560 tasks (52 %), read 1.21 GiB, 620 MiB/s, ETA 1.8 s, memory 210 MiB of 1.50 GiB");
}

TEST_CASE("the summary of a job of three ranks") {
  RunSummary summary;
  summary.wall_s = 3.2;
  summary.tasks_s = 2.5;
  summary.tasks = 1560;
  summary.retries = 2;
  summary.bytes_read = mib(421);
  summary.bytes_decoded = mib(1024);
  summary.decode_s = 4;
  summary.bytes_written = mib(12.5);
  summary.outputs = {"anomaly.nc", "clim.nc"};
  summary.ranks = {{0, "n1", 0, 0, 0, mib(80), {}}, {1, "n1", 1, 2.4, 800, mib(150), mib(90)}, {2, "node2", 1, 2.0, 760, mib(212), mib(148)}};
  CHECK(summary_text(summary) ==
        "done in 3.2 s\n"
        "  tasks   1560, 2 repeated\n"
        "  read    421 MiB, decoded to 1.00 GiB at 256 MiB/s a thread\n"
        "  wrote   12.5 MiB to anomaly.nc, clim.nc\n"
        "  busy    88 % of 2 threads, workers 80 % to 96 %\n"
        "  memory  peak 212 MiB (rank 2 of 3), blocks and buffers at most 148 MiB a rank\n"
        "   rank  node   threads      tasks    busy     blocks  peak memory\n"
        "      0  n1           -          0       -          -     80.0 MiB\n"
        "      1  n1           1        800    96 %   90.0 MiB      150 MiB\n"
        "      2  node2        1        760    80 %    148 MiB      212 MiB\n");
  CHECK(summary_text(summary, {.every_rank = true, .most_ranks = 2}) ==
        summary_text(summary, {.every_rank = false, .most_ranks = 32}));
}

TEST_CASE("the summary of one process that wrote many outputs") {
  RunSummary summary;
  summary.wall_s = 0.5;
  summary.tasks_s = 0.4;
  summary.tasks = 7;
  summary.bytes_written = {900};
  summary.outputs = {"a", "b", "c", "d", "e", "f"};
  summary.ranks = {{0, "n1", 2, 0.6, 7, mib(40), mib(8)}};
  CHECK(summary_text(summary) ==
        "done in 0.5 s\n"
        "  tasks   7\n"
        "  read    0 B\n"
        "  wrote   900 B to a, b, c, d and 2 more\n"
        "  busy    75 % of 2 threads\n"
        "  memory  peak 40.0 MiB, blocks and buffers at most 8.00 MiB\n");
}

TEST_CASE("the first line of a job says what it is") {
  Banner banner{"0.1.0", 4, true, 2, mib(1536), {"node6", "node7"}, "slurm 1234"};
  CHECK(banner_text(banner) == "rankine 0.1.0: 4 ranks x 2 threads on 2 nodes (node6, node7), 1.50 GiB a rank, job slurm 1234");
  banner.scheduler_works = false;
  banner.nodes = {"a", "b", "c", "d", "e"};
  banner.job.clear();
  CHECK(banner_text(banner) == "rankine 0.1.0: 4 ranks (rank 0 schedules only) x 2 threads on 5 nodes (a, b, c, d, ...), 1.50 GiB a rank");
  CHECK(banner_text({"0.1.0", 1, true, 1, mib(512), {"laptop"}, ""}) == "rankine 0.1.0: 1 process x 1 thread on laptop, 512 MiB");
}

TEST_CASE("quiet leaves warnings and errors, verbose adds details") {
  const auto say_all = [](Verbosity verbosity) {
    const Captured captured;
    Reporter reporter(to(captured, verbosity, ProgressStyle::plain));
    reporter.detail("d");
    reporter.note("n");
    reporter.warning("w");
    reporter.error("e");
    return captured.text();
  };
  CHECK(say_all(Verbosity::quiet) == "warning: w\nrankine: e\n");
  CHECK(say_all(Verbosity::normal) == "n\nwarning: w\nrankine: e\n");
  CHECK(say_all(Verbosity::verbose) == "d\nn\nwarning: w\nrankine: e\n");
}

TEST_CASE("the line is redrawn at most five times a second and gives way to notes") {
  const Captured captured;
  Reporter reporter(to(captured, Verbosity::normal, ProgressStyle::line));
  const std::string drawn = "\r" + progress_line(half_done(), 79) + "\x1b[K";
  CHECK(reporter.progress(half_done(), at_s(0)));
  CHECK_FALSE(reporter.progress(half_done(), at_s(0.1)));
  CHECK(reporter.progress(half_done(), at_s(0.2)));
  reporter.note("hello");
  CHECK(captured.text() == drawn + drawn + "\r\x1b[K" + "hello\n");
}

TEST_CASE("plain lines come from the first second on, then every ten seconds, none in a short run") {
  const Captured captured;
  Reporter reporter(to(captured, Verbosity::normal, ProgressStyle::automatic));
  std::vector<double> shown;
  for (int tenth = 0; tenth < 400; ++tenth)
    if (reporter.progress(half_done(), at_s(tenth * 0.1))) shown.push_back(tenth * 0.1);
  CHECK(shown == std::vector<double>{1, 2, 4, 8, 16, 26, 36});
  std::string expected;
  for (std::size_t i = 0; i < shown.size(); ++i) expected += "NOW  " + plain_line(half_done()) + "\n";
  CHECK(captured.text() == expected);
}

TEST_CASE("progress can be off and quiet has none") {
  for (const auto& [verbosity, style] : {std::pair{Verbosity::normal, ProgressStyle::off},
                                         std::pair{Verbosity::quiet, ProgressStyle::line}}) {
    const Captured captured;
    Reporter reporter(to(captured, verbosity, style));
    reporter.progress(half_done(), at_s(0));
    reporter.progress(half_done(), at_s(30));
    CHECK(captured.text() == "");
  }
}

TEST_CASE("the log file has everything with time stamps, whatever the terminal shows") {
  char path[] = "/tmp/rankine-log-XXXXXX";
  const int descriptor = mkstemp(path);
  REQUIRE(descriptor >= 0);
  {
    const Captured captured;
    ReporterOptions options = to(captured, Verbosity::quiet, ProgressStyle::off);
    options.log_file = path;
    Reporter reporter(options);
    reporter.detail("d");
    reporter.progress(half_done(), at_s(0));
    reporter.progress(half_done(), at_s(11));
    reporter.error("e");
    CHECK(captured.text() == "rankine: e\n");
  }
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  std::remove(path);
  CHECK(text.str() == "NOW  d\nNOW  " + plain_line(half_done()) + "\nNOW  rankine: e\n");
}

TEST_CASE("a log file that cannot be opened is an output error that names it") {
  ReporterOptions options;
  options.log_file = "/no/such/folder/log";
  try {
    Reporter reporter(options);
    FAIL("no error");
  } catch (const OutputError& error) {
    CHECK(std::string(error.what()) ==
          "cannot open log file /no/such/folder/log: No such file or directory; give another with --log-file");
  }
}
