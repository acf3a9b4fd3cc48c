#include <catch2/catch.hpp>

#include "base/memory_guard.hpp"
#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {
std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}
std::string last_line(const std::string& text) { return text.substr(text.rfind('\n') + 1); }
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
  CHECK(last_line(error_of("def f(n):\n    return f(n + 1)\nf(0)\n")) == "RecursionError: maximum recursion depth exceeded");
  CHECK(last_line(error_of("l = []\nl.append(l)\nprint(l)\n")) == "RecursionError: maximum recursion depth exceeded");
  CHECK(last_line(error_of("a = []\nb = []\na.append(b)\nb.append(a)\nprint(a == b)\n")) == "RecursionError: maximum recursion depth exceeded");
  // Two functions that call each other: nothing repeats line by line, and not all of it is shown.
  const std::string mutual = error_of("def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nf(0)\n");
  CHECK(mutual.size() < 10'000);
  CHECK_THAT(mutual, Catch::Contains(" calls are left out here]"));
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

namespace {

/// As a rank that has 64 MiB for its script, and gives nothing back.
class LittleMemory {
 public:
  LittleMemory() {
    set_memory_guard([this](Bytes wanted) {
      if (wanted.value > 64u << 20 || (asked_ += wanted.value) > 64u << 20) throw Error(ExitCode::resources, "no room");
    });
  }
  ~LittleMemory() { set_memory_guard({}); }
 private:
  std::uint64_t asked_ = 0;
};

}  // namespace

TEST_CASE("a script that asks for more memory than there is gets a MemoryError with its line") {
  struct Case { int line; const char* text; };
  const Case cases[] = {
      {3, "x = [1]\nfor i in range(40):\n    x = x + x\n"},
      {3, "x = 'a'\nfor i in range(60):\n    x = x + x\n"},
      {3, "x = [1]\nfor i in range(60):\n    x += x\n"},
      {3, "x = ('a',)\nfor i in range(60):\n    x = x + x\n"},
      {1, "x = list(range(10 ** 9))\n"},
      {1, "x = list(range(10 ** 13))\n"},
      {1, "x = 'x'.zfill(10 ** 13)\n"},
      {1, "x = 'x'.ljust(10 ** 13)\n"},
      {1, "x = 'x'.center(10 ** 9)\n"},
      {1, "x = 'a' * 10 ** 12\n"},
      {1, "x = [0] * 10 ** 12\n"},
      {1, "x = (0,) * 10 ** 18\n"},
      {2, "x = 'a' * 1000000\nx = x.replace('a', 'b' * 1000)\n"},
      {2, "x = ['a' * 1000000]\ny = ','.join(x * 1000)\n"},
      {1, "x = f'{1:1000000000}'\n"},
      {1, "x = '%1000000000d' % 3\n"},
      {1, "x = '%*d' % (1000000000, 3)\n"},
      {1, "x = '{:>1000000000}'.format('a')\n"},
      {1, "x = [i for i in range(10 ** 12)]\n"},
      {1, "x = {i: i for i in range(10 ** 12)}\n"},
      {1, "x = sorted(range(10 ** 10))\n"},
      {3, "x = []\nfor i in range(10 ** 12):\n    x.append(i)\n"},
      {3, "x = ''\nwhile True:\n    x = x + 'abcdefgh'\n"},
      {2, "x = [1]\nfor v in x:\n    x.append(v)\n"},
      {4, "x = [1]\nfor i in range(30):\n    x = [x, x]\ny = repr(x)\n"},
      {2, "import numpy as np\nx = np.zeros((10000, 10000))\n"},
      {2, "import numpy as np\nx = np.arange(10 ** 12)\n"},
      {3, "import numpy as np\nx = np.zeros(2 ** 22)\ny = x.tolist()\n"},
      {2, "import numpy as np\nx = np.array(range(10 ** 9))\n"},
  };
  for (const Case& one : cases) {
    const LittleMemory memory;
    const std::string text = error_of(one.text);
    INFO(one.text << text);
    CHECK(last_line(text).starts_with("MemoryError: "));
    // A loop is caught in one of its lines.
    const std::string place = "line " + std::to_string(one.line) + ", in <module>";
    const std::string before = "line " + std::to_string(one.line - 1) + ", in <module>";
    const std::string after = "line " + std::to_string(one.line + 1) + ", in <module>";
    CHECK((text.find(place) != std::string::npos || text.find(before) != std::string::npos || text.find(after) != std::string::npos));
  }
}

TEST_CASE("a script can catch a MemoryError and go on with what it has") {
  const LittleMemory memory;
  CHECK(output_of("try:\n    x = 'a' * 10 ** 12\nexcept MemoryError:\n    x = 'a'\nprint(x)\n") == "a\n");
}

TEST_CASE("what is only counted needs no memory") {
  const LittleMemory memory;
  CHECK(output_of("for i in range(10 ** 18):\n    if i == 3: break\nprint(i)\n") == "3\n");
  CHECK(output_of("print(len(range(10 ** 18)), 5 in range(10 ** 18))\n") == "1000000000000000000 True\n");
  CHECK(output_of("x = 'é' * 3\nprint(x[1], x[::-1], list(x), len('x'.zfill(2000000)))\n") == "é ééé ['é', 'é', 'é'] 2000000\n");
  CHECK(output_of("print('-5'.zfill(5), '5'.zfill(0), '+é'.zfill(4), ''.zfill(2))\n") == "-0005 5 +00é 00\n");
}

namespace {
/// Asks the run to end after so many looks.
class EndingHost : public RecordingHost {
 public:
  void check_interrupt() override {
    if (++looks_ > 3) throw Error(ExitCode::interrupted, "interrupted");
  }
 private:
  int looks_ = 0;
};
}  // namespace

TEST_CASE("a signal is heard inside of what a script does with one call") {
  for (const char* text : {"x = sum(range(10 ** 13))\n", "x = any(i < 0 for i in [1])\nx = max(range(10 ** 7))\n", "x = 5 in [0] * 10000000\n",
                           "x = sorted([3, 2, 1] * 1000000)\n", "x = [1] * 10000000\nprint(x.index(2))\n", "x = list(map(abs, range(10 ** 7)))\n",
                           "x = list(zip(range(10 ** 7), range(10 ** 7)))\n", "x = all(range(1, 10 ** 13))\n"}) {
    EndingHost host;
    INFO(text);
    try {
      run_script("script.py", text, host);
      FAIL("not heard");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::interrupted);
    }
  }
}

TEST_CASE("a dict or set that changes its size while it is gone through is an error, as in CPython") {
  const std::string dict = "RuntimeError: dictionary changed size during iteration";
  CHECK(last_line(error_of("d = {1: 2}\nfor k in d:\n    d[k + 1] = 0\n")) == dict);
  CHECK(last_line(error_of("d = {1: 2, 2: 3}\nfor k in d.keys():\n    d.pop(k)\n")) == dict);
  CHECK(last_line(error_of("d = {1: 2, 2: 3}\nfor k, v in d.items():\n    d.clear()\n")) == dict);
  CHECK(last_line(error_of("d = {1: 2}\nx = [d.update({k + 5: 1}) for k in d.values()]\n")) == dict);
  CHECK(last_line(error_of("s = {1}\nfor k in s:\n    s.add(k + 1)\n")) == "RuntimeError: Set changed size during iteration");
  CHECK(output_of("d = {1: 2}\nfor k in list(d):\n    d[k + 1] = 0\nfor k in d:\n    d[k] = 5\nfor k in d:\n    d[9] = 1\n    break\nprint(d)\n") ==
        "{1: 5, 2: 5, 9: 1}\n");
}
