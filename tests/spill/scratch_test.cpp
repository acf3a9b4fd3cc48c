#include <catch2/catch.hpp>

#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.hpp"
#include "spill/block_file.hpp"
#include "spill/scratch_folder.hpp"
#include "spill/scratch_place.hpp"

using namespace rankine;
using namespace rankine::spill;
namespace fs = std::filesystem;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/rankine-scratch-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
};

/// A made-up node.
struct Node {
  std::map<std::string, std::string> environment;
  std::map<std::string, ScratchView::Folder> folders;
  ScratchView view() const {
    ScratchView view;
    view.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    view.look = [this](const std::string& path) -> std::optional<ScratchView::Folder> {
      const auto found = folders.find(path);
      return found == folders.end() ? std::nullopt : std::optional(found->second);
    };
    return view;
  }
};
constexpr Bytes gib{1u << 30};
ScratchView::Folder disk(std::uint64_t gibibytes) { return {true, false, "", {gibibytes << 30}}; }
ScratchView::Folder memory() { return {true, true, "tmpfs", {100ull << 30}}; }

std::vector<std::byte> bytes_of(std::size_t size, bool smooth) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(smooth ? i / 1000 : (i * 2654435761u) >> 13);
  return bytes;
}

}  // namespace

TEST_CASE("the batch system's scratch is taken first, then local disks, never memory") {
  Node node;
  node.environment = {{"SLURM_TMPDIR", "/local/42"}, {"TMPDIR", "/fast"}};
  node.folders = {{"/local/42", disk(10)}, {"/fast", disk(20)}, {"/tmp", memory()}, {"/var/tmp", disk(40)}};
  const ScratchPlace slurm = choose_scratch(node.view(), "", {}, 3);
  CHECK(slurm.folder == "/local/42");
  CHECK(slurm.limit == Bytes{(10ull << 30) / 10 * 9 / 3});
  CHECK(slurm.note == "up to 3.00 GiB a rank to /local/42 (SLURM_TMPDIR, 10.0 GiB free)");
  node.folders["/local/42"] = memory();
  CHECK(choose_scratch(node.view(), "", {}, 1).folder == "/fast");
  node.folders["/fast"].writable = false;
  CHECK(choose_scratch(node.view(), "", {}, 1).folder == "/var/tmp");
  node.folders.erase("/var/tmp");
  const ScratchPlace none = choose_scratch(node.view(), "", {}, 1);
  CHECK(none.folder.empty());
  CHECK(none.note == "blocks are not spilled: /local/42 is memory (tmpfs), /fast is not writable, /tmp is memory (tmpfs), "
                     "/var/tmp is not there; name a disk of the node by --spill-dir");
}

TEST_CASE("what is asked for is taken, with a word where it is a bad place") {
  Node node;
  node.folders = {{"/dev/shm", memory()}, {"/small", {true, false, "", {1 << 20}}}, {"/tmp", disk(10)}};
  CHECK(choose_scratch(node.view(), "none", {}, 1).folder.empty());
  const ScratchPlace shm = choose_scratch(node.view(), "/dev/shm", gib, 4);
  CHECK(shm.folder == "/dev/shm");
  CHECK(shm.limit == gib);
  CHECK(shm.doubtful);
  const ScratchPlace nowhere = choose_scratch(node.view(), "/nowhere", {}, 1);
  CHECK((nowhere.folder.empty() && nowhere.doubtful));
  CHECK(nowhere.note == "blocks are not spilled: --spill-dir /nowhere is not there");
  CHECK(choose_scratch(node.view(), "/small", {}, 1).note == "blocks are not spilled: only 1.00 MiB are free at --spill-dir /small");
}

TEST_CASE("a rank's folder is its own, goes with it, and what the dead left is removed") {
  const Folder scratch;
  std::string path;
  {
    const ScratchFolder folder(scratch.path, "slurm 42", 3);
    path = folder.path();
    CHECK(path.starts_with(scratch.path + "/rankine-spill.slurm-42.rank3."));
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0700);
    std::ofstream(path + "/1") << "block";
    CHECK(remove_leftovers(scratch.path) == 0);  // it lives
    CHECK(fs::exists(path + "/1"));
  }
  CHECK_FALSE(fs::exists(path));
  const std::string dead = scratch.path + "/rankine-spill.job.rank1.aaaaaa", young = scratch.path + "/rankine-spill.job.rank2.aaaaaa";
  fs::create_directory(dead);
  fs::create_directory(young);
  fs::create_directory(scratch.path + "/rankine-other");
  std::ofstream(dead + "/owner") << "pid 1\n";
  std::ofstream(dead + "/1") << "block";
  CHECK(remove_leftovers(scratch.path) == 1);
  CHECK_FALSE(fs::exists(dead));
  CHECK(fs::exists(young));  // its owner may be about to lock it
  CHECK(fs::exists(scratch.path + "/rankine-other"));
  CHECK_THROWS_AS(ScratchFolder(scratch.path + "/nowhere", "job", 0), OutputError);
}

TEST_CASE("a block comes back from its file as it was, compressed or not, in other parts too") {
  const Folder scratch;
  const std::atomic<bool> go_on = false;
  for (const Compression compression : {Compression::none, Compression::lz4})
    for (const bool smooth : {true, false}) {
      ScratchUse use{.limit = gib};
      const std::vector<std::byte> first = bytes_of(3'000'001, smooth), second = bytes_of(10, smooth);
      const std::vector<std::span<const std::byte>> parts{first, {}, second};
      const std::string path = scratch.path + "/1";
      const Bytes size = write_block_file(path, parts, compression, use, go_on);
      CHECK(size.value == fs::file_size(path));
      CHECK(use.used == size.value);
      CHECK((size.value < 100'000) == (smooth && compression == Compression::lz4));
      std::vector<std::byte> back(first.size()), end(second.size()), whole(first.size() + second.size());
      const std::vector<std::span<std::byte>> to{back, end};
      read_block_file(path, to);
      CHECK((back == first && end == second));
      const std::span<std::byte> one = whole;
      read_block_file(path, {&one, 1});
      CHECK(std::equal(first.begin(), first.end(), whole.begin()));
      remove_block_file(path, size, use);
      CHECK(use.used == 0);
    }
}

TEST_CASE("a file that is damaged anywhere, cut off or gone is refused") {
  const Folder scratch;
  const std::atomic<bool> go_on = false;
  const std::vector<std::byte> bytes = bytes_of(1'200'000, true);
  const std::vector<std::span<const std::byte>> parts{bytes};
  const std::string path = scratch.path + "/1";
  std::vector<std::byte> back(bytes.size());
  const std::span<std::byte> to = back;
  for (const Compression compression : {Compression::none, Compression::lz4}) {
    ScratchUse use{.limit = gib};
    const Bytes size = write_block_file(path, parts, compression, use, go_on);
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{9}, std::uint64_t{13}, std::uint64_t{40}, size.value / 2, size.value - 1}) {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const char was = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(was ^ 0x40));
      file.close();
      CHECK_THROWS_AS(read_block_file(path, {&to, 1}), InputError);
      std::fstream again(path, std::ios::in | std::ios::out | std::ios::binary);
      again.seekp(static_cast<std::streamoff>(at));
      again.put(was);
    }
    read_block_file(path, {&to, 1});
    CHECK(back == bytes);
    fs::resize_file(path, size.value - 1);
    CHECK_THROWS_AS(read_block_file(path, {&to, 1}), InputError);
    fs::resize_file(path, size.value + 1);
    CHECK_THROWS_AS(read_block_file(path, {&to, 1}), InputError);
    fs::remove(path);
    CHECK_THROWS_AS(read_block_file(path, {&to, 1}), InputError);
  }
}

TEST_CASE("a block that finds no room, or is not needed any more, leaves nothing behind") {
  const Folder scratch;
  const std::vector<std::byte> bytes = bytes_of(5'000'000, false);
  const std::vector<std::span<const std::byte>> parts{bytes};
  ScratchUse use{.limit = {4'000'000}};
  const std::atomic<bool> go_on = false, cancelled = true;
  CHECK_THROWS_AS(write_block_file(scratch.path + "/1", parts, Compression::none, use, go_on), ScratchFull);
  CHECK(write_block_file(scratch.path + "/2", parts, Compression::none, use, cancelled) == Bytes{});
  CHECK_THROWS_AS(write_block_file(scratch.path + "/no/3", parts, Compression::none, use, go_on), OutputError);
  CHECK(fs::is_empty(scratch.path));
  CHECK(use.used == 0);
}
