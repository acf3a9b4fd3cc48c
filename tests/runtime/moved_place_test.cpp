#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "runtime/moved_place.hpp"

using namespace rankine;
using namespace rankine::runtime;
namespace fs = std::filesystem;

TEST_CASE("what was moved along with a run directory has moved by as much, and nothing else") {
  const MovedPlace whole("/a/exp1/out/o.nc.rankine", "/b/c/exp2/out/o.nc.rankine");
  CHECK(whole("/a/exp1/out/.o.nc.rankine-x.part") == "/b/c/exp2/out/.o.nc.rankine-x.part");
  CHECK(whole("/a/exp1/in.nc") == "/b/c/exp2/in.nc");
  CHECK(whole("/a/exp1") == "/b/c/exp2");
  CHECK(whole("/a/exp10/in.nc") == "/a/exp10/in.nc");
  CHECK(whole("/scratch/o.nc") == "/scratch/o.nc");
  const MovedPlace alone("/a/exp1/run", "/b/kept");
  CHECK(alone("/a/exp1/run/blocks-1") == "/b/kept/blocks-1");
  CHECK(alone("/a/exp1/out/o.nc") == "/a/exp1/out/o.nc");
  const MovedPlace same("/a/run", "/a/run");
  CHECK(same("/a/run/blocks-1") == "/a/run/blocks-1");
}

TEST_CASE("a directory is a copy while the one that its journal tells of lies where it was") {
  const fs::path folder = fs::temp_directory_path() / ("moved-place-" + std::to_string(::getpid()));
  fs::create_directories(folder / "first");
  fs::create_directories(folder / "second");
  {
    const auto first = place::OwnDirectory::make((folder / "first").string(), "the run directory");
    const auto second = place::OwnDirectory::make((folder / "second").string(), "the run directory");
    const journal::JobRecord job{"1", "/", "s.py", "", {}, first.path(), first.identity().inode};
    CHECK_FALSE(is_copy(job, first));
    CHECK(is_copy(job, second));
    CHECK_FALSE(is_copy({"1", "/", "s.py", "", {}, "", 0}, second));
    fs::rename(folder / "first", folder / "moved");
    CHECK_FALSE(is_copy(job, *place::OwnDirectory::open((folder / "moved").string(), "the run directory")));
    CHECK_FALSE(is_copy(job, second));          // nothing is left there
    fs::create_directories(folder / "first");   // another one
    CHECK_FALSE(is_copy(job, second));
  }
  fs::remove_all(folder);
}
