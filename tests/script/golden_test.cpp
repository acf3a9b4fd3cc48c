#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Line by line, so that a failure shows the line and not two pages.
void compare(const std::string& name) {
  const std::string folder = std::string(RANKINE_SOURCE_DIR) + "/tests/script/golden/" + name;
  std::istringstream expected(read(folder + ".out"));
  RecordingHost host;
  run_script(name + ".py", read(folder + ".py"), host);
  std::istringstream actual(host.out);
  std::string want, got;
  int line = 0;
  while (std::getline(expected, want)) {
    INFO(name << " output line " << ++line);
    REQUIRE(std::getline(actual, got));
    CHECK(got == want);
  }
  CHECK_FALSE(std::getline(actual, got));
}

}  // namespace

// golden/*.out are what CPython 3.11 and NumPy 1.24 print for golden/*.py.
TEST_CASE("numbers compute and print as in CPython") { compare("numeric"); }
TEST_CASE("f-strings, str.format and percent formats print as in CPython") { compare("formats"); }
TEST_CASE("control flow, functions and scopes behave as in CPython") { compare("control"); }
TEST_CASE("lists, tuples, dicts and texts behave as in CPython") { compare("containers"); }
TEST_CASE("sys, os and math behave as in CPython") { compare("modules"); }
TEST_CASE("exceptions are raised, caught and told as in CPython") { compare("exceptions"); }
TEST_CASE("sets, starred targets, outer names and iterators behave as in CPython") { compare("sets_and_scopes"); }
TEST_CASE("eager arrays compute and print as in NumPy") { compare("arrays"); }
