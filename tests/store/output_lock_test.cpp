#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.hpp"
#include "scratch.hpp"
#include "store/output_lock.hpp"

using namespace rankine;
using namespace rankine::store_test;
using store::OutputLock;

namespace {

array::OutputSpec output(const std::string& path, array::WriteMode mode = array::WriteMode::w) {
  array::OutputSpec spec;
  spec.path = path;
  spec.format = array::OutputFormat::zarr2;
  spec.mode = mode;
  return spec;
}

/// A region of whole chunks of `name`.
array::OutputSpec region(const std::string& path, const std::string& name, Index begin, Shape shape) {
  array::OutputSpec spec = output(path, array::WriteMode::r_plus);
  array::OutputVariable variable;
  variable.name = name;
  variable.existing = std::make_shared<array::StoredArray>();
  variable.origin = std::move(begin);
  variable.shape = std::move(shape);
  spec.variables.push_back(variable);
  return spec;
}

}  // namespace

TEST_CASE("an output is written to by one run at a time, which the next one names") {
  const ScratchDirectory directory;
  const std::string path = directory.file("s.zarr");
  {
    const OutputLock first(output(path), "process 1 on a");
    CHECK(first.why_not().empty());
    CHECK(std::filesystem::exists(directory.file(".s.zarr.rankine-lock")));
    for (const array::WriteMode mode : {array::WriteMode::w, array::WriteMode::w_minus, array::WriteMode::a})
      CHECK_THROWS_WITH(OutputLock(output(path + "/", mode), "process 2 on b"),
                        "cannot write to " + path + "/: process 1 on a is writing to it; wait for it, or write to another name");
    CHECK_THROWS_AS(OutputLock(region(path, "v", {0, 0}, {10, 5}), "process 2 on b"), UsageError);
    CHECK_NOTHROW(OutputLock(output(directory.file("other.zarr")), "process 2 on b"));
  }
  CHECK(std::filesystem::is_empty(directory.path));
  CHECK_NOTHROW(OutputLock(output(path), "process 2 on b"));
}

TEST_CASE("regions are written to at the same time unless a chunk is in both") {
  const ScratchDirectory directory;
  const std::string path = directory.file("s.zarr");
  const OutputLock first(region(path, "v", {0, 10}, {10, 5}), "process 1 on a");
  const OutputLock below(region(path, "v", {10, 10}, {10, 5}), "process 2 on b");
  const OutputLock beside(region(path, "v", {0, 0}, {10, 10}), "process 3 on c");
  const OutputLock another(region(path, "w", {0, 10}, {10, 5}), "process 4 on d");
  CHECK_THROWS_WITH(OutputLock(region(path, "v", {9, 12}, {2, 1}), "process 5"), Catch::Contains("process 1 on a is writing to the same part"));
  CHECK_THROWS_WITH(OutputLock(region(path, "v", {15, 12}, {2, 1}), "process 5"), Catch::Contains("process 2 on b is writing to the same part"));
  CHECK_THROWS_WITH(OutputLock(region(path, "w", {0, 0}, {20, 20}), "process 5"), Catch::Contains("process 4 on d"));
  CHECK_THROWS_AS(OutputLock(output(path, array::WriteMode::a), "process 5"), UsageError);
}

TEST_CASE("what a killed run left stops nobody, and goes with the next one") {
  const ScratchDirectory directory;
  const std::string path = directory.file("out.nc");
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const OutputLock lock(output(path), "process 7 on e");
    static_cast<void>(::write(ready[1], "x", 1) == 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK_THROWS_WITH(OutputLock(output(path), "process 8"), Catch::Contains("process 7 on e is writing to it"));
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(std::filesystem::exists(directory.file(".out.nc.rankine-lock")));
  { CHECK_NOTHROW(OutputLock(output(path), "process 8")); }
  CHECK(std::filesystem::is_empty(directory.path));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a link in the place of the list of writers is not followed") {
  const ScratchDirectory directory;
  std::ofstream(directory.file("victim")) << "precious";
  std::filesystem::create_symlink(directory.file("victim"), directory.file(".s.zarr.rankine-lock"));
  CHECK_THROWS_WITH(OutputLock(output(directory.file("s.zarr")), "process 1"), Catch::Contains("is not the file that tells who else does"));
  CHECK(bytes_of(directory.file("victim")) == "precious");
}
