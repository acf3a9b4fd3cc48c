#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "journal/journal.hpp"
#include "journal/run_lock.hpp"
#include "journal/run_records.hpp"

using namespace rankine;
using namespace rankine::journal;

namespace {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("journal-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  place::OwnDirectory own() const { return place::OwnDirectory::make(path(), "the run directory"); }
 private:
  std::filesystem::path path_;
};

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

const std::vector<Record> three{{0, bytes_of("first")}, {7, {}}, {2, bytes_of("the third")}};

void write_three(const place::OwnDirectory& directory, const std::string& name) {
  Journal journal(directory, name);
  for (const auto& record : three) journal.append(record);
  journal.sync();
}

}  // namespace

TEST_CASE("a journal gives back what was appended, over several openings") {
  const Folder folder;
  write_three(folder.own(), "journal");
  {
    Journal journal(folder.own(), "journal");
    CHECK(journal.records() == three);
    CHECK(journal.torn_bytes() == 0);
    journal.append({9, bytes_of("later")});
  }
  std::vector<Record> four = three;
  four.push_back({9, bytes_of("later")});
  CHECK(read_journal(folder.own(), "journal") == four);
  CHECK((std::filesystem::status(folder / "journal").permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("a journal cut off anywhere keeps its whole records and goes on behind them") {
  const Folder folder;
  write_three(folder.own(), "whole");
  const auto size = std::filesystem::file_size(folder / "whole");
  std::vector<std::size_t> ends{8};
  for (const auto& record : three) ends.push_back(ends.back() + encode_record(record).size());
  REQUIRE(ends.back() == size);
  for (std::size_t cut = 0; cut <= size; ++cut) {
    std::filesystem::remove(folder / "cut");
    std::filesystem::copy_file(folder / "whole", folder / "cut");
    std::filesystem::resize_file(folder / "cut", cut);
    std::size_t whole = 0;
    while (whole < 3 && ends[whole + 1] <= cut) ++whole;
    std::vector<Record> expected(three.begin(), three.begin() + static_cast<std::ptrdiff_t>(whole));
    {
      Journal journal(folder.own(), "cut");
      CHECK(journal.records() == expected);
      CHECK(journal.torn_bytes() == (cut < 8 ? cut : cut - ends[whole]));
      journal.append({5, bytes_of("on")});
    }
    expected.push_back({5, bytes_of("on")});
    CHECK(read_journal(folder.own(), "cut") == expected);
  }
}

TEST_CASE("a flipped bit ends a journal at the record before it") {
  const Folder folder;
  write_three(folder.own(), "whole");
  std::ifstream in(folder / "whole", std::ios::binary);
  const std::string sound((std::istreambuf_iterator<char>(in)), {});
  const std::size_t first_end = 8 + encode_record(three[0]).size();
  for (std::size_t at = 8; at < sound.size(); ++at) {
    std::string text = sound;
    text[at] = static_cast<char>(text[at] ^ 0x10);
    const ParsedJournal parsed = parse_journal(bytes_of(text), "j");
    CHECK(parsed.records.size() == (at < first_end ? 0 : at < first_end + 16 ? 1 : 2));
    CHECK(parsed.sound_bytes + parsed.torn_bytes == sound.size());
  }
}

TEST_CASE("a file that is no journal is refused by name") {
  CHECK_THROWS_WITH(parse_journal(bytes_of("CDF\x01 something else"), "x.nc"),
                    "x.nc is no journal of rankine; name another run directory");
  std::vector<std::byte> other = journal_head();
  other[7] = std::byte{'9'};
  CHECK_THROWS_WITH(parse_journal(other, "j"), Catch::Contains("another version"));
}

TEST_CASE("records of a run survive encoding; malformed ones are refused") {
  const std::vector<AnyRecord> records{
      JobRecord{"0.1.0", "/home/a", "x.py", "import xarray as xr\n", {"in.nc"}, "/home/a/out.nc.rankine", 4711},
      RunRecord{2, 1000, 3, 4, {{"in.nc", 77, -5}, {"b.nc", 0, 9}}, bytes_of("targets")},
      CheckpointRecord{2, {"blocks-1-1", "out.part"}, {TaskId{4}, TaskId{9}},
                       {{TaskId{3}, bytes_of("head"), {{0, 8, 100}, {1, 9, 2}}, 42}}},
      RunDoneRecord{2, {bytes_of("value"), {}}}, VoidFileRecord{".out.nc.part"}, BegunOutputsRecord{bytes_of("targets")},
      KillRecord{2, TaskId{4}, 1, "was killed by signal 11"},
      CallsRecord{17, {"blocks-1-1-1-2"}, {{{1, 2, 3}, {0, 16, 8}, 99}}, {{4, 5, 1}, {6, 7, 2}}}};
  for (const AnyRecord& record : records) {
    const Record encoded = encode(record);
    CHECK(decode(encoded) == record);
    for (std::size_t cut = 0; cut < encoded.payload.size(); ++cut) {
      Record part = encoded;
      part.payload.resize(cut);
      CHECK_THROWS_AS(decode(part), Error);
    }
    Record longer = encoded;
    longer.payload.push_back(std::byte{0});
    CHECK_THROWS_AS(decode(longer), Error);
  }
  CHECK_THROWS_AS(decode(Record{99, {}}), Error);
  const CheckpointRecord nowhere{0, {}, {}, {{TaskId{3}, {}, {{0, 0, 1}}, 0}}};
  CHECK_THROWS_WITH(decode(encode(nowhere)), Catch::Contains("no file"));
  CHECK_THROWS_WITH(decode(encode(CallsRecord{0, {}, {{{1, 2, 3}, {0, 0, 1}, 0}}, {}})), Catch::Contains("no file"));
}

TEST_CASE("a run directory has one owner at a time, and the message names it") {
  const Folder folder;
  {
    const place::OwnDirectory own = folder.own();
    const RunLock lock(own);
    REQUIRE(last_owner(folder.path()));
    CHECK(last_owner(folder.path())->state == LastOwner::State::lives);
    CHECK_THROWS_WITH(RunLock(own),
                      Catch::Contains("in use by process " + std::to_string(::getpid())) && Catch::Contains("--run-dir"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "lock"));
  CHECK_FALSE(last_owner(folder.path()));
  {
      const place::OwnDirectory own = folder.own();
      CHECK_NOTHROW(RunLock(own));
    };
}

TEST_CASE("neither a lock nor a journal is looked for behind a link, in a pipe, or in a file with a second name") {
  const Folder folder;
  const place::OwnDirectory own = folder.own();
  std::ofstream(folder / "victim") << "precious";
  const auto text_of_victim = [&] {
    std::string text;
    std::ifstream(folder / "victim") >> text;
    return text;
  };
  const std::string name = GENERATE("lock", "journal");
  const auto use = [&] {
    if (name == "lock") RunLock lock(own);
    else Journal journal(own, "journal");
  };
  SECTION("a link") {
    std::filesystem::create_symlink(folder / "victim", folder / name);
    CHECK_THROWS_WITH(use(), Catch::Contains(name + " is a symbolic link") && Catch::Contains("--run-dir"));
  }
  SECTION("a link to nothing") {
    std::filesystem::create_symlink(folder / "nothing", folder / name);
    CHECK_THROWS_WITH(use(), Catch::Contains(name + " is a symbolic link"));
    CHECK_FALSE(std::filesystem::exists(folder / "nothing"));
  }
  SECTION("a second name") {
    std::filesystem::create_hard_link(folder / "victim", folder / name);
    CHECK_THROWS_WITH(use(), Catch::Contains(name + " has a second name elsewhere"));
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo((folder / name).c_str(), 0600) == 0);
    CHECK_THROWS_WITH(use(), Catch::Contains(name + " is no file"));
  }
  CHECK(text_of_victim() == "precious");
}

TEST_CASE("the lock of an owner that died is taken over") {
  const Folder folder;
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  SECTION("here") {
    std::ofstream(folder / "lock") << "host " << host << "\npid 999999999\nbeat 3\njob slurm 12\n";
    CHECK(last_owner(folder.path())->state == LastOwner::State::died);
    CHECK(describe(last_owner(folder.path())->owner) == "process 999999999 on " + std::string(host) + " (job slurm 12)");
    {
      const place::OwnDirectory own = folder.own();
      CHECK_NOTHROW(RunLock(own));
    };
  }
  SECTION("on another host, silent while it was watched") {
    std::ofstream(folder / "lock") << "host elsewhere\npid 1\nbeat 3\njob slurm 12\n";
    CHECK(last_owner(folder.path())->state == LastOwner::State::elsewhere);
    {
      const place::OwnDirectory own = folder.own();
      CHECK_NOTHROW(RunLock(own, {20, 5}));
    };
  }
  SECTION("a lock file with nothing in it") {
    std::ofstream(folder / "lock") << "";
    CHECK_FALSE(last_owner(folder.path()));
    {
      const place::OwnDirectory own = folder.own();
      CHECK_NOTHROW(RunLock(own));
    };
  }
}
