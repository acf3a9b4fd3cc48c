#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "base/error.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store_test;

namespace {

array::OutputVariable variable(const std::string& name, Shape chunk_shape) {
  array::OutputVariable result;
  result.name = name;
  result.dims = {"y", "x"};
  result.dtype = DType::float32;
  result.shape = {60, 50};
  result.chunk_shape = std::move(chunk_shape);
  if (!result.chunk_shape.empty()) result.codecs = {{.kind = codec::Kind::deflate, .level = 1}};
  return result;
}

array::OutputSpec spec_of(const std::string& path, bool mixed) {
  array::OutputSpec spec;
  spec.path = path;
  spec.dims = {{"y", 60, false}, {"x", 50, false}};
  spec.variables = {variable("packed", {7, 9}), variable("also_packed", {20, 20})};
  auto coordinate = variable("coordinate", {});
  coordinate.value = ramp({60, 50});
  spec.variables.push_back(coordinate);
  if (mixed) spec.variables.push_back(variable("plain", {}));
  return spec;
}

/// All chunks of the packed variables, the first `count` of them.
void write_chunks(store::Writer& writer, const store::OutputTarget& target, std::size_t count, const NdArray& values) {
  for (std::size_t v = 0; v < 2; ++v)
    for (const auto& chunk : store::encode_chunks(target.spec.variables[v], values, Box::whole({60, 50})))
      if (count-- > 0) writer.write_chunk(target, v, chunk);
      else return;
}

/// The owner, in a process of its own, which dies after `count` chunks, with or without closing the file.
void write_and_die(const store::OutputTarget& target, std::size_t count, bool closes) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    store::Writer writer;
    NdArray wrong(DType::float32, {60, 50});
    std::fill(wrong.data<float>(), wrong.data<float>() + wrong.size(), -1.0f);
    write_chunks(writer, target, count, wrong);
    if (closes) writer.close(target);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}

void write_rest(const store::OutputTarget& target) {
  store::Writer writer;
  write_chunks(writer, target, SIZE_MAX, ramp({60, 50}));
  writer.close(target);
  store::commit_output(target);
}

bool same_content(const std::string& a, const std::string& b) {
  return std::system(("ncdump -p 9,17 -n same " + a + " > " + a + ".cdl && ncdump -p 9,17 -n same " + b + " | cmp - " + a + ".cdl").c_str()) == 0;
}

}  // namespace

TEST_CASE("a file whose owner died is written anew by the next, and nothing of the first is left") {
  for (const bool closes : {false, true}) {
    for (const bool may_live : {false, true}) {
      const ScratchDirectory directory;
      write_rest(store::create_output(spec_of(directory / "expected.nc", false), "a"));
      const array::OutputSpec spec = spec_of(directory / "out.nc", false);
      const store::OutputTarget target = store::create_output(spec, "b");
      write_and_die(target, 37, closes);
      store::renew_output(spec, target, may_live);
      write_rest(target);
      CHECK(same_content(directory / "out.nc", directory / "expected.nc"));
      CHECK(std::distance(std::filesystem::directory_iterator(directory.path), {}) == 3);  // and the text of the comparison
    }
  }
}

TEST_CASE("what other ranks wrote at known offsets stays when the owner of the rest dies") {
  const ScratchDirectory directory;
  const auto write_plain = [](const store::OutputTarget& target, const Box& box) {
    REQUIRE(target.offsets[3] != UINT64_MAX);
    store::Writer writer;
    writer.write_box(target, 3, part_of(ramp({60, 50}), box), box);
    writer.close(target);
  };
  const store::OutputTarget expected = store::create_output(spec_of(directory / "expected.nc", true), "a");
  write_plain(expected, Box::whole({60, 50}));
  write_rest(expected);

  const array::OutputSpec spec = spec_of(directory / "out.nc", true);
  const store::OutputTarget target = store::create_output(spec, "b");
  store::Writer elsewhere;  // has the file open all the time
  const Box first{{0, 0}, {30, 50}}, last{{30, 0}, {60, 50}};
  elsewhere.write_box(target, 3, part_of(ramp({60, 50}), first), first);
  write_and_die(target, 37, true);
  store::renew_output(spec, target, false);
  elsewhere.write_box(target, 3, part_of(ramp({60, 50}), last), last);
  elsewhere.close(target);
  write_rest(target);
  CHECK(same_content(directory / "out.nc", directory / "expected.nc"));
}

TEST_CASE("a shared file whose owner may still be writing is given up") {
  const ScratchDirectory directory;
  const array::OutputSpec spec = spec_of(directory / "out.nc", true);
  const store::OutputTarget target = store::create_output(spec, "b");
  write_and_die(target, 5, false);
  try {
    store::renew_output(spec, target, true);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::resumable);
  }
  store::discard_output(target);
  CHECK(std::filesystem::is_empty(directory.path));
}

TEST_CASE("an unfinished output is neither made nor opened through a link that waits under its name") {
  const ScratchDirectory directory;
  const bool is_zarr = GENERATE(false, true);
  array::OutputSpec spec = spec_of(directory.file(is_zarr ? "out.zarr" : "out.nc"), true);
  if (is_zarr) spec.format = array::OutputFormat::zarr2;
  const std::string waiting = store::temporary_path_of(spec, "token");
  std::filesystem::create_directory(directory.file("elsewhere"));
  const std::string victim = is_zarr ? directory.file("elsewhere") : directory.file("victim.nc");
  if (!is_zarr) std::filesystem::copy_file(std::filesystem::path(RANKINE_SOURCE_DIR) / "CMakeLists.txt", victim);
  std::filesystem::create_symlink(victim, waiting);
  CHECK_THROWS_WITH(store::create_output(spec, "token"), Catch::Contains("something has the name " + waiting + " already"));
  CHECK(std::filesystem::is_symlink(waiting));
  CHECK(std::filesystem::is_empty(directory.file("elsewhere")));
  std::filesystem::remove(waiting);
  if (is_zarr) return;
  // Swapped for a link once it is made.
  const store::OutputTarget target = store::create_output(spec, "token");
  std::filesystem::rename(target.temporary_path, directory.file("victim.nc"));
  std::filesystem::create_symlink(directory.file("victim.nc"), target.temporary_path);
  const auto size = std::filesystem::file_size(directory.file("victim.nc"));
  const NdArray values = ramp({60, 50});
  {
    store::Writer writer;
    CHECK_THROWS_WITH(write_chunks(writer, target, 1, values), Catch::Contains("is not the file that was made there"));
    CHECK_THROWS_WITH(writer.write_box(target, 3, values, Box::whole({60, 50})), Catch::Contains("is not the file that was made there"));
  }
  CHECK_THROWS_WITH(store::commit_output(target), Catch::Contains("is not the file that was made there"));
  CHECK(std::filesystem::file_size(directory.file("victim.nc")) == size);
  CHECK_FALSE(std::filesystem::exists(spec.path));
}

TEST_CASE("only names that unfinished outputs get are removed") {
  const ScratchDirectory directory;
  std::filesystem::create_directory(directory.file("precious"));
  store::OutputTarget target = store::target_to_make(spec_of(directory.file("out.nc"), false), "abc-123");
  CHECK(store::has_own_temporary_path(target));
  for (const std::string& other : {directory.file("precious"), directory.file(".out.nc.rankine-.part"), directory.file(".out.nc.rankine-a/b.part"),
                                   directory.file(".out.nc.rankine-../precious.part"), directory.file(".other.nc.rankine-a.part"),
                                   "/" + directory.file(".out.nc.rankine-a.part"), directory.file(".out.nc.rankine-a.part.new"), std::string()}) {
    target.temporary_path = other;
    CHECK_FALSE(store::has_own_temporary_path(target));
    store::discard_output(target);
  }
  CHECK(std::filesystem::exists(directory.file("precious")));
}
