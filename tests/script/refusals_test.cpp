#include <catch2/catch.hpp>

#include "recording_host.hpp"
#include "script/refusal.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {
const std::string head = "import xarray as xr\nimport numpy as np\nds = xr.open_dataset('a.nc')\n";

/// "4:8 message" of every refusal, by the text alone.
std::vector<std::string> refusals_of(const std::string& text) {
  std::vector<std::string> lines;
  for (const Refusal& refusal : look_through("s.py", text, nullptr).refusals)
    lines.push_back(std::to_string(refusal.line) + ":" + std::to_string(refusal.column) + " " + refusal.message);
  return lines;
}
using Lines = std::vector<std::string>;
std::string share_of(const std::string& text) {
  const CheckReport report = look_through("s.py", text, nullptr);
  return std::to_string(report.supported_count()) + " of " + std::to_string(report.calls.size());
}
}  // namespace

TEST_CASE("all that is not there is told at once, in the order of the file") {
  const std::string text = head +
                           "a = ds.sst.rolling(time=3).mean()\n"
                           "b = ds.sst.quantile(0.9, 'time')\n"
                           "def later(x):\n"
                           "    return x.polyfit('time', 1)\n"
                           "c = ds.sst.mean(dims='time') + undefined\n"
                           "import pandas as pd\n"
                           "d = pd.date_range('2000', periods=3)[0].anything\n"
                           "e = a.max().values + 1\n";
  CHECK(refusals_of(text) == Lines{"4:12 'rolling' of DataArray is not supported", "5:12 'quantile' of DataArray is not supported",
                                   "7:14 'polyfit' is not supported", "8:17 argument 'dims' of mean() is not supported, did you mean 'dim'?",
                                   "8:32 name 'undefined' is not defined",
                                   "9:8 module 'pandas' is not supported"});
  // open_dataset; what is called on what is refused cannot run either.
  CHECK(share_of(text) == "1 of 8");
  CHECK(share_of(head + "print(float(ds.t.mean()))\n") == "4 of 4");
}

TEST_CASE("what to write instead is shown once a kind") {
  const std::string text = head + "a = ds.t.head(time=3)\nb = ds.t.head(time=4)\n";
  CHECK(text_of(look_through("s.py", text, nullptr), 9) ==
        "s.py:4:10: 'head' of DataArray is not supported\n"
        "    a = ds.t.head(time=3)\n"
        "             ^\n"
        "    instead of\n"
        "        result = da.head(time=3)\n"
        "    write\n"
        "        result = da.isel(time=slice(None, 3))\n"
        "s.py:5:10: 'head' of DataArray is not supported\n"
        "    b = ds.t.head(time=4)\n"
        "             ^");
}

TEST_CASE("a run shows the first twenty refusals and says how many more there are") {
  std::string text = head;
  for (int i = 0; i < 25; ++i) text += "undefined_" + std::to_string(i) + "\n";
  const std::string told = error_of(text);
  CHECK(told.find("script.py:23:1: name 'undefined_19' is not defined") != std::string::npos);
  CHECK(told.find("undefined_20") == std::string::npos);
  CHECK(told.find("\n  script.py:23:1:") != std::string::npos);  // a line of its own in a message, as those that begin with blanks are
  CHECK(told.ends_with("\n  and 5 more; rankine check shows all"));
}

TEST_CASE("a line that cannot be read hides no other") {
  CHECK(refusals_of("x = 1 +\ny = undefined\n") == Lines{"1:8 invalid syntax: the line ends too early", "2:5 name 'undefined' is not defined"});
  CHECK(refusals_of("x = (1,\ny = undefined\n") == Lines{"1:5 '(' was never closed", "2:5 name 'undefined' is not defined"});
  CHECK(refusals_of("x = b'1'\ny = 3j\nz = 'abc\nw = 1 $ 2\nprint(x, y, z, w, undefined)\n") ==
        Lines{"1:5 bytes literals are not supported", "2:5 complex numbers are not supported", "3:5 unterminated string literal",
              "4:7 invalid character in the script", "5:19 name 'undefined' is not defined"});
  CHECK(refusals_of("async def f(x):\n    y = await g(x)\n    return y.polyfit(1)\nprint(f, undefined)\n") ==
        Lines{"1:1 'async' is not supported", "2:9 'await' is not supported", "3:14 'polyfit' is not supported",
              "4:10 name 'undefined' is not defined"});
  CHECK(refusals_of("if 1 = 2:\n    x = undefined\nelif 3:\n    y = 2\nelse:\n    x = 3\nprint(x)\n") ==
        Lines{"1:6 expected ':'", "2:9 name 'undefined' is not defined"});
  CHECK(refusals_of("try:\n    x = 1\nx = undefined\n") ==
        Lines{"3:1 expected 'except' or 'finally' block", "3:5 name 'undefined' is not defined"});
  CHECK(refusals_of("class A(list):\n    def f(self):\n        return undefined\nprint(A)\n") ==
        Lines{"1:9 a class with a base class is not supported; write all methods in one class", "3:16 name 'undefined' is not defined"});
  CHECK(refusals_of("def f():\n    for i in range(3):\n        yield i\n    return undefined\n").size() == 2);
  CHECK(refusals_of("from x import *\nprint(anything)\n") == Lines{"1:15 'import *' is not supported"});
  CHECK(refusals_of("  x = 1\nprint(undefined)\n") == Lines{"1:3 unexpected indent", "2:7 name 'undefined' is not defined"});
  CHECK(refusals_of("if 1:\n    x = 1\n  y = 2\nprint(undefined)\n") ==
        Lines{"3:3 unindent does not match any outer indentation level", "4:7 name 'undefined' is not defined"});
}

TEST_CASE("a name is taken for a slip only of another of its kind, and not where it exists elsewhere") {
  CHECK(refusals_of(head + "ds.t.interp(lat=3)\n") == Lines{"4:6 'interp' of DataArray is not supported"});
  CHECK(refusals_of(head + "ds.t.invret\nx = np.interp\n") == Lines{"5:8 'interp' of numpy is not supported"});
  CHECK(refusals_of(head + "np.median(3)\nnp.asarrray([1])\n") ==
        Lines{"4:4 'median' of numpy is not supported", "5:4 'asarrray' of numpy is not supported, did you mean 'asarray'?"});
  // A function of a module is no method.
  CHECK(refusals_of(head + "def f(x):\n    return x.sqrtt()\n") == Lines{"5:14 'sqrtt' is not supported"});
  CHECK(refusals_of(head + "def f(x):\n    return x.meann('time')\n") == Lines{"5:14 'meann' is not supported, did you mean 'mean'?"});
  CHECK(refusals_of(head + "ds.t.mean(time='x')\n") == Lines{"4:11 argument 'time' of mean() is not supported"});
}
