#include <catch2/catch.hpp>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {
std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
}  // namespace

TEST_CASE("deep nesting is an error, not a crash") {
  CHECK(first_line(error_of("x = " + repeated("(", 100000) + repeated(")", 100000) + "\n")) ==
        "script.py:1:205: too many nested parentheses");
  CHECK(first_line(error_of("x = 1" + repeated(" + 1", 100000) + "\n")) == "script.py:1:5: expression is nested too deeply");
  CHECK(first_line(error_of("x = y" + repeated(".a", 100000) + "\n")) == "script.py:1:5: expression is nested too deeply");
  const std::string minuses = first_line(error_of("x = " + repeated("-", 1000000) + "1\n"));
  CHECK(minuses.ends_with("expression is nested too deeply"));
  const std::string nots = first_line(error_of("x = " + repeated("not ", 1000000) + "1\n"));
  CHECK(nots.ends_with("expression is nested too deeply"));
  const std::string lambdas = first_line(error_of("x = " + repeated("lambda: ", 1000000) + "1\n"));
  CHECK(lambdas.ends_with("expression is nested too deeply"));
  std::string ifs;
  for (int i = 0; i < 200; ++i) ifs += repeated(" ", i) + "if 1:\n";
  CHECK(first_line(error_of(ifs)) == "script.py:102:102: too many levels of indentation");
}

TEST_CASE("endless recursion is an error, not a crash") {
  CHECK(first_line(error_of("def f(n):\n    return f(n + 1)\nf(0)\n")).ends_with("maximum recursion depth exceeded"));
  CHECK(first_line(error_of("l = []\nl.append(l)\nprint(l)\n")).ends_with("maximum recursion depth exceeded"));
  CHECK(first_line(error_of("a = []\nb = []\na.append(b)\nb.append(a)\nprint(a == b)\n")).ends_with("maximum recursion depth exceeded"));
}

// Instrumented code needs several times the stack for a call.
#ifdef __SANITIZE_ADDRESS__
constexpr const char* depth = "150";
#else
constexpr const char* depth = "900";
#endif

TEST_CASE("recursion a thousand deep works, as it does in CPython") {
  const std::string deep = depth;
  CHECK(output_of("def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(" + deep + "))\n") == deep + "\n");
}

TEST_CASE("lists nested a million deep are freed without recursion") {
  CHECK(output_of("l = []\nfor i in range(1000000):\n    l = [l]\nprint(len(l))\n") == "1\n");
}

TEST_CASE("sequences beyond any use are refused before memory is gone") {
  CHECK(first_line(error_of("x = 'a' * 10 ** 12\n")) == "script.py:1:9: the text is too long");
  CHECK(first_line(error_of("x = [0] * 10 ** 12\n")) == "script.py:1:9: the sequence is too long");
  CHECK(first_line(error_of("x = '%1000000000d' % 3\n")).ends_with("is too large"));
  CHECK(output_of("for i in range(10 ** 18):\n    if i == 3: break\nprint(i)\n") == "3\n");
}
