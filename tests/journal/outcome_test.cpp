#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "journal/outcome.hpp"

using namespace rankine;
using namespace rankine::journal;

namespace {

Outcome an_outcome() {
  Outcome outcome;
  outcome.exit_code = 6;
  outcome.message = "2 tasks failed for good";
  outcome.program_version = "0.1.0";
  outcome.command = "rankine run anomaly.py \"a b\"";
  outcome.ended = "2026-03-01T12:00:00Z";
  outcome.wall_s = 12.25;
  outcome.ranks = 4;
  outcome.tasks = 1234;
  outcome.tasks_known = 1560;
  outcome.retries = 7;
  outcome.started = "2026-03-01T11:59:47Z";
  outcome.job = "slurm 1234";
  outcome.nodes = {"node6", "node7"};
  outcome.threads = 8;
  outcome.peak_memory = 212 << 20;
  outcome.bytes_read = 421 << 20;
  outcome.bytes_written = 13 << 20;
  outcome.layers = {{"reduce", 1200, 40.25, 96 << 20}, {"append of t2m", 34, 1.5, 0}};
  outcome.bytes_spilled = 3 << 20;
  outcome.bytes_read_back = 2 << 20;
  outcome.outputs = {"/data/gr\303\274n.nc"};
  outcome.losses = {{2, "node7", "was killed by signal 9 (Killed)", 3.5}};
  outcome.failed_tasks = {{"read (3, 0)", {"mask (0, 0)"}, {{1, "node6", "checksum mismatch"}, {3, "node7", "no route"}}}};
  return outcome;
}

struct Directory {
  std::filesystem::path path;
  Directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rankine-outcome-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path); }
};

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("an outcome comes back as it was written, replaced as a whole, for its owner alone") {
  const Directory directory;
  const std::string run = (directory.path / "run").string();
  CHECK_THROWS_AS(read_outcome(run), InputError);
  write_outcome(run, {});
  CHECK(mode_of(run) == 0700);
  CHECK(mode_of(run + "/outcome.json") == 0600);
  CHECK(read_outcome(run) == Outcome{});
  write_outcome(run, an_outcome());
  CHECK(read_outcome(run) == an_outcome());
  CHECK(std::distance(std::filesystem::directory_iterator(run), {}) == 1);
  std::filesystem::remove(run + "/outcome.json");
  CHECK(read_outcome(run) == std::nullopt);
}

TEST_CASE("every exit code has the name that its enumerator has") {
  std::ostringstream text;
  text << std::ifstream(std::string(RANKINE_SOURCE_DIR) + "/include/rankine/error.hpp").rdbuf();
  const std::string header = text.str();
  const std::regex row(R"((\w+) = (\d+),)");
  int count = 0;
  for (auto at = std::sregex_iterator(header.begin(), header.end(), row); at != std::sregex_iterator(); ++at, ++count)
    CHECK(status_name(std::stoi((*at)[2])) == (*at)[1].str());
  CHECK(count == 10);
  CHECK(status_name(7) == "script");
}

TEST_CASE("a damaged outcome is an error that names the file") {
  const Directory directory;
  std::ofstream(directory.path / "outcome.json") << to_json(an_outcome()).substr(0, 100);
  CHECK_THROWS_WITH(read_outcome(directory.path.string()), Catch::Contains("outcome.json is no outcome of a run"));
  CHECK_THROWS_WITH(outcome_from_json("{\"version\": 99}", "x"), "x was written by another version of rankine: version 99");
}

TEST_CASE("text that is no UTF-8 does not keep an outcome from being written") {
  Outcome outcome = an_outcome();
  outcome.message = "caf\351";
  CHECK(outcome_from_json(to_json(outcome), "x").message == "caf\357\277\275");
}

TEST_CASE("the text of an outcome says how it ended, what is there, who was lost and what failed") {
  CHECK(outcome_text(an_outcome()) ==
        "partial (exit status 6) at 2026-03-01T12:00:00Z after 12.2 s on 4 ranks\n"
        "command: rankine run anomaly.py \"a b\"\n"
        "started 2026-03-01T11:59:47Z as job slurm 1234 on node6, node7, 8 threads\n"
        "read 421 MiB, wrote 13.0 MiB, peak memory of a rank 212 MiB\n"
        "tasks: 1234 of 1560 done, failed attempts: 7\n"
        "spilled: 3.00 MiB, read back: 2.00 MiB\n"
        "  reduce: 1200 tasks, 40.2 s, made 96.0 MiB\n"
        "  append of t2m: 34 tasks, 1.5 s\n"
        "error: 2 tasks failed for good\n"
        "wrote /data/gr\303\274n.nc\n"
        "lost rank 2 on node7 after 3.5 s: it was killed by signal 9 (Killed)\n"
        "failed task read (3, 0)\n"
        "  input mask (0, 0)\n"
        "  worker 1 on node6: checksum mismatch\n"
        "  worker 3 on node7: no route\n");
}
