#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "scratch.hpp"
#include "store/descriptor_cache.hpp"
#include "store/full_disk.hpp"
#include "store/io_faults.hpp"
#include "store/stored_file.hpp"

using namespace rankine;
using namespace rankine::store;
using namespace rankine::store_test;

namespace {

/// So many calls of a kind fail.
struct Rehearsal {
  Rehearsal(IoCall which, int error, int times) {
    rehearse_io([=, this](IoCall call, const std::string&) {
      if (call != which || failed == times) return 0;
      ++failed;
      return error;
    });
  }
  ~Rehearsal() { rehearse_io({}); }
  int failed = 0;
};

std::string file_with(const ScratchDirectory& folder, const std::string& text) {
  const std::string path = folder.file("data");
  std::ofstream(path) << text;
  return path;
}

}  // namespace

TEST_CASE("errors of a network file system that go by are not seen") {
  const ScratchDirectory folder;
  const std::string path = file_with(folder, "abcdef");
  for (const int error : {EIO, ESTALE, ETIMEDOUT, EAGAIN}) {
    {
      const Rehearsal rehearsal(IoCall::open, error, 2);
      CHECK(OpenFile(path).stamp().size == 6);
      CHECK(rehearsal.failed == 2);
    }
    {
      const Rehearsal rehearsal(IoCall::read, error, 2);
      std::string text(3, ' ');
      OpenFile(path).read_at(2, std::as_writable_bytes(std::span(text)));
      CHECK(text == "cde");
      StoredFile(path).read(0, std::as_writable_bytes(std::span(text)));
      CHECK(text == "abc");
      CHECK(rehearsal.failed == 2);
    }
    {
      const Rehearsal rehearsal(IoCall::list, error, 2);
      CHECK(stamp_of(path).size == 6);
      CHECK(rehearsal.failed == 2);
    }
  }
}

TEST_CASE("errors that stay are reported after five tries, and others at once") {
  const ScratchDirectory folder;
  const std::string path = file_with(folder, "abcdef");
  {
    const Rehearsal rehearsal(IoCall::open, EIO, 100);
    CHECK_THROWS_WITH(OpenFile(path), "cannot open " + path + ": " + std::strerror(EIO));
    CHECK(rehearsal.failed == 5);
  }
  const Rehearsal rehearsal(IoCall::open, EACCES, 100);
  CHECK_THROWS_AS(OpenFile(path), InputError);
  CHECK(rehearsal.failed == 1);
}

TEST_CASE("a stale handle is replaced by a new one of the same file, never by one of another") {
  const ScratchDirectory folder;
  const std::string path = file_with(folder, "abcdef");
  const OpenFile file(path);
  // The name now leads to another file: what was opened stays in use.
  std::filesystem::rename(path, folder.file("old"));
  std::ofstream(path) << "ABCDEFGH";
  const Rehearsal rehearsal(IoCall::read, ESTALE, 1);
  std::string text(3, ' ');
  file.read_at(0, std::as_writable_bytes(std::span(text)));
  CHECK(text == "abc");
}

TEST_CASE("only full disks and quotas are what can be waited for") {
  const auto kind_of = [](int error) {
    try {
      throw_not_written("cannot write x", error, "/out/x", 10);
    } catch (const DiskFullError& full) {
      return std::string("full: ") + full.what() + " " + full.path + " " + std::to_string(full.needed_bytes);
    } catch (const OutputError& other) {
      return std::string(other.what());
    }
  };
  CHECK(kind_of(ENOSPC) == "full: cannot write x: No space left on device /out/x 10");
  CHECK(kind_of(EDQUOT) == "full: cannot write x: Disk quota exceeded /out/x 10");
  CHECK(kind_of(EROFS) == "cannot write x: Read-only file system");
}

TEST_CASE("writers wait for room, say so, and go on when there is some") {
  RoomWait room;
  int tries = 0, changes = 0;
  const auto write = [&] {
    if (++tries < 3) throw_not_written("cannot write x", ENOSPC, "/", 10);
    return tries;
  };
  CHECK_THROWS_AS(room.until_written("/out/x", write), DiskFullError);  // nobody has enabled it
  tries = 0;
  room.enable([&] { ++changes; });
  CHECK(room.until_written("/out/x", write) == 3);
  CHECK(changes == 3);
  CHECK(room.notice().waiting == 0);
  CHECK(room.notice().path == "/out/x");
  CHECK(room.notice().needed_bytes == 10);
  CHECK(room.notice().free_bytes != 0);
}

TEST_CASE("who waits for room is let go by giving up") {
  RoomWait room;
  std::atomic<bool> waits{false};
  room.enable([&] { waits = true; waits.notify_all(); });
  std::string met;
  std::thread writer([&] {
    try {
      room.until_written("/out/x", [] { throw_not_written("cannot write x", EDQUOT, "/", 0); });
    } catch (const DiskFullError& error) {
      met = error.what();
    }
  });
  waits.wait(false);
  room.give_up();
  writer.join();
  CHECK(met == "cannot write x: Disk quota exceeded");
}
