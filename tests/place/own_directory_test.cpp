#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "place/own_directory.hpp"

using namespace rankine;
using namespace rankine::place;
namespace fs = std::filesystem;

namespace {

constexpr uid_t nobody = 65534;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/place-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
 private:
  std::string path_;
};

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
std::string read(const std::string& path) {
  std::string text;
  std::ifstream(path) >> text;
  return text;
}
std::set<std::string> names(const std::string& path) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename().string());
  return names;
}
unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a directory that is made is for its user alone, and one that is there is taken as it is") {
  const Folder folder;
  const OwnDirectory made = OwnDirectory::make(folder / "run", "the run directory");
  CHECK(mode_of(folder / "run") == 0700);
  CHECK(made.is_in_place());
  const auto again = OwnDirectory::open(folder / "run", "the run directory");
  REQUIRE(again);
  CHECK(again->identity() == made.identity());
  CHECK(made.make_file("a", O_WRONLY));
  CHECK(mode_of(folder / "run/a") == 0600);
  CHECK_FALSE(made.make_file("a", O_WRONLY));
  CHECK(errno == EEXIST);
  CHECK(made.open_or_make_file("a", O_RDWR));
  CHECK(made.open_or_make_file("b", O_RDWR));
  CHECK(made.names().size() == 2);
  CHECK(made.rename("a", "c") == 0);
  CHECK(made.has("c"));
  CHECK_FALSE(made.has("a"));
  CHECK(made.remove("b"));
  CHECK(made.remove("c"));
  made.remove_itself();
  CHECK_FALSE(fs::exists(folder / "run"));
  CHECK_FALSE(OwnDirectory::open(folder / "run", "the run directory"));
}

TEST_CASE("a directory that others may write to is closed if it is empty, and refused if it is not") {
  const Folder folder;
  for (const unsigned mode : {0777u, 0770u, 0702u}) {
    fs::create_directory(folder / "run");
    ::chmod((folder / "run").c_str(), mode);
    OwnDirectory::make(folder / "run", "the run directory");
    CHECK(mode_of(folder / "run") == 0700);
    write(folder / "run/journal", "x");
    ::chmod((folder / "run").c_str(), mode);
    CHECK_THROWS_WITH(OwnDirectory::make(folder / "run", "the run directory"),
                      Catch::Contains("the run directory " + (folder / "run") + " may be written to by others") && Catch::Contains("chmod go-w"));
    CHECK_THROWS_AS(OwnDirectory::open(folder / "run", "the run directory"), NotOurs);
    CHECK(mode_of(folder / "run") == mode);
    fs::remove_all(folder / "run");
  }
  fs::create_directory(folder / "readable");
  ::chmod((folder / "readable").c_str(), 0755);
  CHECK_NOTHROW(OwnDirectory::make(folder / "readable", "the run directory"));
}

TEST_CASE("a directory is not looked for behind a link, nor is a file in it") {
  const Folder folder;
  fs::create_directory(folder / "elsewhere");
  fs::create_directory_symlink(folder / "elsewhere", folder / "run");
  CHECK_THROWS_WITH(OwnDirectory::make(folder / "run", "the run directory"), Catch::Contains("is a symbolic link, which is not followed"));
  CHECK_THROWS_AS(OwnDirectory::open(folder / "run", "the run directory"), NotOurs);
  write(folder / "file", "x");
  CHECK_THROWS_WITH(OwnDirectory::make(folder / "file", "the run directory"), Catch::Contains("is a file, no directory"));
  const OwnDirectory own = OwnDirectory::make(folder / "own", "the run directory");
  write(folder / "victim", "precious");
  fs::create_symlink(folder / "victim", folder / "own/link");
  fs::create_hard_link(folder / "victim", folder / "own/second");
  REQUIRE(::mkfifo((folder / "own/pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(own.open_file("link", O_RDWR | O_TRUNC), Catch::Contains("link is a symbolic link"));
  CHECK_THROWS_WITH(own.open_file("second", O_RDONLY), Catch::Contains("second has a second name elsewhere"));
  CHECK_THROWS_WITH(own.open_file("pipe", O_RDONLY), Catch::Contains("pipe is no file"));
  CHECK_FALSE(own.make_file("link", O_WRONLY));
  CHECK_FALSE(open_own_file(folder / "own/link", O_RDWR));
  CHECK_FALSE(open_own_file(folder / "own/second", O_RDWR));
  CHECK_FALSE(make_own_file(folder / "own/link", O_WRONLY, 0600));
  CHECK(read(folder / "victim") == "precious");
}

TEST_CASE("what was opened is used, whatever its name leads to by then") {
  const Folder folder;
  const OwnDirectory own = OwnDirectory::make(folder / "run", "the run directory");
  fs::rename(folder / "run", folder / "moved");
  fs::create_directory(folder / "run");
  write(folder / "run/journal", "of somebody else");
  CHECK_FALSE(own.is_in_place());
  CHECK(own.make_file("lock", O_WRONLY));
  CHECK(names(folder / "moved") == std::set<std::string>{"lock"});
  own.remove_itself();
  CHECK(names(folder / "run") == std::set<std::string>{"journal"});
}

TEST_CASE("removing takes links for what they are and stops at nothing that is ours") {
  const Folder folder;
  fs::create_directories(folder / "store/v/c");
  fs::create_directories(folder / "elsewhere");
  write(folder / "elsewhere/precious", "precious");
  write(folder / "store/v/c/0", "x");
  fs::create_directory_symlink(folder / "elsewhere", folder / "store/v/link");
  fs::create_directory_symlink(folder / "elsewhere", folder / "link");
  CHECK(remove_own(folder / "store"));
  CHECK(remove_own(folder / "link"));
  CHECK(remove_own(folder / "nothing"));
  CHECK_FALSE(remove_own(folder / ".."));
  CHECK(read(folder / "elsewhere/precious") == "precious");
  CHECK(names(folder / "") == std::set<std::string>{"elsewhere"});
}

TEST_CASE("names that nobody guesses do not come twice") {
  std::set<std::string> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(unguessable_name());
  CHECK(seen.size() == 10000);
  CHECK(seen.begin()->find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz") == std::string::npos);
}

TEST_CASE("what belongs to another user is neither opened nor removed") {
  if (::geteuid() != 0) {
    WARN("not tried: giving files to another user takes root");
    return;
  }
  const Folder folder;
  fs::create_directory(folder / "theirs");
  write(folder / "theirs/file", "x");
  REQUIRE(::chown((folder / "theirs/file").c_str(), nobody, nobody) == 0);
  {
    const OwnDirectory own = OwnDirectory::make(folder / "theirs", "the run directory");
    CHECK_THROWS_WITH(own.open_file("file", O_RDONLY), Catch::Contains("file belongs to user nobody (65534), not to you"));
    CHECK_FALSE(own.remove("file"));
  }
  CHECK_FALSE(open_own_file(folder / "theirs/file", O_RDONLY));
  CHECK(open_own_file(folder / "theirs/file", O_RDONLY, nobody));
  CHECK_FALSE(remove_own(folder / "theirs"));
  CHECK(fs::exists(folder / "theirs/file"));
  REQUIRE(::chown((folder / "theirs").c_str(), nobody, nobody) == 0);
  CHECK_THROWS_WITH(OwnDirectory::make(folder / "theirs", "the run directory"),
                    Catch::Contains("theirs belongs to user nobody (65534), not to you"));
  CHECK(names(folder / "theirs") == std::set<std::string>{"file"});
  // And the other way round: that user meets what root has made in a folder that both may write to.
  fs::create_directories(folder / "shared/roots");
  ::chmod((folder / "").c_str(), 0755);
  ::chmod((folder / "shared").c_str(), 01777);
  write(folder / "shared/roots/file", "x");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(9);
    int wrong = 0;
    try {
      OwnDirectory::make(folder / "shared/roots", "the run directory");
      wrong = 1;
    } catch (const NotOurs&) {
    }
    if (remove_own(folder / "shared/roots")) wrong = 2;
    try {
      OwnDirectory::make(folder / "shared/own", "the run directory");
    } catch (const Error&) {
      wrong = 3;
    }
    ::_exit(wrong);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(read(folder / "shared/roots/file") == "x");
}
