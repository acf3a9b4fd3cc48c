#include <catch2/catch.hpp>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

TEST_CASE("an unsupported method is refused with file, line, column, source line and caret before data is read") {
  RecordingHost host;
  const std::string text =
      "import xarray as xr\n"
      "ds = xr.open_dataset('in.nc')\n"
      "for i in range(2):\n"
      "    trend = ds.t2m.polyfit('time', 1)\n";
  try {
    run_script("anomaly.py", text, host);
    FAIL("no error");
  } catch (const ScriptError& error) {
    CHECK(error.code() == ExitCode::usage);
    CHECK(error.line() == 4);
    CHECK(error.column() == 20);
    CHECK(error.message() == "'polyfit' of DataArray is not supported");
    CHECK(std::string(error.what()) ==
          "anomaly.py:4:20: 'polyfit' of DataArray is not supported\n"
          "        trend = ds.t2m.polyfit('time', 1)\n"
          "                       ^\n"
          "    instead of\n"
          "        number = da.assign_coords(time=np.arange(da.sizes[\"time\"]))\n"
          "        result = number.polyfit(\"time\", 1).polyfit_coefficients.sel(degree=1, drop=True)\n"
          "    write (the slope of a straight line, a unit a step, where no value is missing)\n"
          "        t = xr.DataArray(np.arange(da.sizes[\"time\"]), dims=[\"time\"], coords={\"time\": da.time})\n"
          "        t = t - t.mean()\n"
          "        result = (t * (da - da.mean(\"time\"))).mean(\"time\") / (t ** 2).mean()");
  }
  CHECK(host.opened.empty());
}

TEST_CASE("columns count characters and tabs stay under tabs") {
  CHECK(error_of("s = 'é' + undefined_name\n") ==
        "script.py:1:11: name 'undefined_name' is not defined\n"
        "    s = 'é' + undefined_name\n"
        "              ^");
  CHECK(error_of("if True:\n\tx = y_\n") ==
        "script.py:2:6: name 'y_' is not defined\n    \tx = y_\n    \t    ^");
}

TEST_CASE("near names are suggested") {
  CHECK(error_of("import xarray as xr\nds = xr.open_dataset('a').groupb('time.month')\n") ==
        "script.py:2:27: 'groupb' of Dataset is not supported, did you mean 'groupby'?\n"
        "    ds = xr.open_dataset('a').groupb('time.month')\n"
        "                              ^");
  CHECK(error_of("import numpy as np\nx = np.sqrtt(2)\n") ==
        "script.py:2:8: 'sqrtt' of numpy is not supported, did you mean 'sqrt'?\n"
        "    x = np.sqrtt(2)\n"
        "           ^");
}

TEST_CASE("Python outside of the subset is refused by name") {
  const auto message = [](const std::string& text) {
    const std::string full = error_of(text);
    return full.substr(0, full.find('\n'));
  };
  CHECK(message("try:\n    x = 1\nexcept* ValueError:\n    pass\n") == "script.py:3:7: 'except*' is not supported");
  CHECK(message("class A(list):\n    pass\n") == "script.py:1:9: a class with a base class is not supported; write all methods in one class");
  CHECK(message("class A:\n    for i in range(3): pass\n") ==
        "script.py:2:5: a class body of other than methods and assignments is not supported");
  CHECK(message("x = frozenset([1])\n") == "script.py:1:5: 'frozenset' is not supported");
  CHECK(message("x = b'1'\n") == "script.py:1:5: bytes literals are not supported");
  CHECK(message("import pandas as pd\n") == "script.py:1:8: module 'pandas' is not supported");
  CHECK(message("from scipy import stats\n") == "script.py:1:6: module 'scipy' is not supported");
  CHECK(message("def f():\n    return await g()\n") == "script.py:2:12: 'await' is not supported");
  CHECK(message("@staticmethod\ndef f(): pass\n") == "script.py:1:2: 'staticmethod' is not supported");
  CHECK(message("@property\nclass A: pass\n") == "script.py:2:1: a decorated class is not supported; write its __init__ and methods");
  CHECK(message("a @= b\n") == "script.py:1:3: '@=' is not supported");
  CHECK(message("f = lambda: (n := 3)\n") == "script.py:1:16: ':=' in a lambda is not supported");
  CHECK(message("n := 3\n") == "script.py:1:1: invalid syntax: ':=' needs parentheses here");
  CHECK(message("from dask.distributed import Variable\n") ==
        "script.py:1:30: 'Variable' of dask.distributed is not supported; pass values as arguments and results of tasks");
  CHECK(message("x = 3j\n") == "script.py:1:5: complex numbers are not supported");
  CHECK(message("def f():\n    yield 1\n") == "script.py:2:5: 'yield' (generator functions) is not supported; append to a list and return it");
  CHECK(message("x = open('f')\n") == "script.py:1:5: 'open' is not supported");
}

TEST_CASE("syntax errors name their place") {
  const auto message = [](const std::string& text) {
    const std::string full = error_of(text);
    return full.substr(0, full.find('\n'));
  };
  CHECK(message("try:\n    x = 1\nx = 2\n") == "script.py:3:1: expected 'except' or 'finally' block");
  CHECK(message("try:\n    x = 1\nexcept:\n    pass\nexcept ValueError:\n    pass\n") == "script.py:5:1: default 'except:' must be last");
  CHECK(message("*a, *b = [1]\n") == "script.py:1:5: multiple starred expressions in assignment");
  CHECK(message("nonlocal x\n") == "script.py:1:1: nonlocal declaration not allowed at module level");
  CHECK(message("x = (1,\n") == "script.py:1:5: '(' was never closed");
  CHECK(message("x = 1)\n") == "script.py:1:6: unmatched ')'");
  CHECK(message("x = [1)\n") == "script.py:1:7: closing parenthesis ')' does not match opening parenthesis '['");
  CHECK(message("x = 'abc\n") == "script.py:1:5: unterminated string literal");
  CHECK(message("if True\n    pass\n") == "script.py:1:8: expected ':'");
  CHECK(message("if True:\npass\n") == "script.py:2:1: expected an indented block after 'if'");
  CHECK(message("  x = 1\n") == "script.py:1:3: unexpected indent");
  CHECK(message("if 1:\n    x = 1\n  y = 2\n") == "script.py:3:3: unindent does not match any outer indentation level");
  CHECK(message("x = 1 +\n") == "script.py:1:8: invalid syntax: the line ends too early");
  CHECK(message("f(a=1, 2)\n") == "script.py:1:8: positional argument follows keyword argument");
  CHECK(message("return 1\n") == "script.py:1:1: 'return' outside function");
  CHECK(message("break\n") == "script.py:1:1: 'break' outside loop");
  CHECK(message("1 = x\n") == "script.py:1:1: cannot assign to this expression");
  CHECK(message("x = f'{a'\n") == "script.py:1:7: f-string: expecting '}'");
  CHECK(message("x = f'}'\n") == "script.py:1:7: f-string: single '}' is not allowed");
  CHECK(message("x = 0123\n") == "script.py:1:5: leading zeros in decimal integer literals are not permitted");
  CHECK(message("x = 99999999999999999999\n") == "script.py:1:5: integers beyond 64 bits are not supported");
  CHECK(message("x y\n") == "script.py:1:3: invalid syntax");
  CHECK(message("x = 1 $ 2\n") == "script.py:1:7: invalid character in the script");
}

namespace {
const std::string heading = "Traceback (most recent call last):\n";
/// A call that an error passed through, as it is shown.
std::string call(int line, const std::string& function, const std::string& text) {
  return "  File \"script.py\", line " + std::to_string(line) + ", in " + function + "\n    " + text + "\n";
}
/// The caret under `column` (from 1) of the line that is shown.
std::string caret(int column) { return "    " + std::string(static_cast<std::size_t>(column - 1), ' ') + "^\n"; }
}  // namespace

TEST_CASE("errors while running name the place of what failed and their class") {
  CHECK(error_of("x = [1, 2]\ny = 1\nprint(x[5])\n") ==
        heading + call(3, "<module>", "print(x[5])") + caret(9) + "IndexError: list index out of range");
  CHECK(error_of("1 / 0\n") == heading + call(1, "<module>", "1 / 0") + caret(3) + "ZeroDivisionError: division by zero");
  CHECK(error_of("x = 'a' + 1\n") ==
        heading + call(1, "<module>", "x = 'a' + 1") + caret(9) + "TypeError: can only concatenate str (not \"int\") to str");
  // What Rankine does not have is refused before anything runs, so there are no calls to show.
  CHECK(error_of("x = 2 ** 63\n") == "script.py:1:7: integer overflow: integers beyond 64 bits are not supported\n    x = 2 ** 63\n          ^");
  CHECK(error_of("assert 1 == 2, 'no'\n") == heading + call(1, "<module>", "assert 1 == 2, 'no'") + caret(1) + "AssertionError: no");
  CHECK(error_of("assert 1 == 2\n") == heading + call(1, "<module>", "assert 1 == 2") + caret(1) + "AssertionError");
  CHECK(error_of("raise ValueError('bad')\n") == heading + call(1, "<module>", "raise ValueError('bad')") + caret(1) + "ValueError: bad");
  CHECK(error_of("d = {}\nd['é']\n") == heading + call(2, "<module>", "d['é']") + caret(3) + "KeyError: 'é'");
  CHECK(error_of("a, b = 1, 2, 3\n") ==
        heading + call(1, "<module>", "a, b = 1, 2, 3") + caret(1) + "ValueError: too many values to unpack (expected 2)");
}

TEST_CASE("an error shows the calls of the script that it passed through, innermost last") {
  CHECK(error_of("def region(ds, lo):\n"
                 "    return ds[lo]\n"
                 "def nino(ds):\n"
                 "    return region(ds, 5).mean()\n"
                 "print(nino([1]))\n") ==
        heading + call(5, "<module>", "print(nino([1]))") + call(4, "nino", "return region(ds, 5).mean()") +
            call(2, "region", "return ds[lo]") + caret(11) + "IndexError: list index out of range");
  CHECK(error_of("class A:\n"
                 "    def divide(self, x):\n"
                 "        return 1 / x\n"
                 "def twice(f):\n"
                 "    def wrapper(*args):\n"
                 "        return [f(a) for a in args]\n"
                 "    return wrapper\n"
                 "@twice\n"
                 "def g(x):\n"
                 "    return sorted([x], key=lambda v: A().divide(v))\n"
                 "g(0)\n") ==
        heading + call(11, "<module>", "g(0)") + call(6, "wrapper", "return [f(a) for a in args]") +
            call(6, "<listcomp>", "return [f(a) for a in args]") + call(10, "g", "return sorted([x], key=lambda v: A().divide(v))") +
            call(10, "<lambda>", "return sorted([x], key=lambda v: A().divide(v))") + call(3, "divide", "return 1 / x") + caret(10) +
            "ZeroDivisionError: division by zero");
  CHECK(error_of("class A:\n    x = 1 / 0\n") == heading + call(1, "<module>", "class A:") + call(2, "A", "x = 1 / 0") + caret(7) +
                                                    "ZeroDivisionError: division by zero");
  // What was caught before is not in it.
  CHECK(error_of("def f(x):\n"
                 "    return 1 / x\n"
                 "try:\n"
                 "    f(0)\n"
                 "except ZeroDivisionError:\n"
                 "    pass\n"
                 "getattr([], 'q', None)\n"
                 "[][1]\n") == heading + call(8, "<module>", "[][1]") + caret(4) + "IndexError: list index out of range");
}

TEST_CASE("an error that is raised again keeps its calls, and names what led to it") {
  const std::string text =
      "def f(x):\n"
      "    return 1 / x\n"
      "def g():\n"
      "    try:\n"
      "        f(0)\n"
      "    except ZeroDivisionError as e:\n"
      "        ";
  const std::string first = call(5, "g", "f(0)") + call(2, "f", "return 1 / x") + caret(10) + "ZeroDivisionError: division by zero";
  CHECK(error_of(text + "raise\ng()\n") == heading + call(8, "<module>", "g()") + first);
  CHECK(error_of(text + "raise e\ng()\n") == heading + call(8, "<module>", "g()") + call(7, "g", "raise e") + first);
  CHECK(error_of(text + "raise ValueError('bad')\ng()\n") ==
        heading + first + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + heading +
            call(8, "<module>", "g()") + call(7, "g", "raise ValueError('bad')") + caret(1) + "ValueError: bad");
  CHECK(error_of(text + "raise ValueError('bad') from e\ng()\n") ==
        heading + first + "\n\nThe above exception was the direct cause of the following exception:\n\n" + heading +
            call(8, "<module>", "g()") + call(7, "g", "raise ValueError('bad') from e") + caret(1) + "ValueError: bad");
  CHECK(error_of(text + "raise ValueError('bad') from None\ng()\n") ==
        heading + call(8, "<module>", "g()") + call(7, "g", "raise ValueError('bad') from None") + caret(1) + "ValueError: bad");
  CHECK(error_of("def f():\n    try:\n        return [][1]\n    finally:\n        x = 1\nf()\n") ==
        heading + call(6, "<module>", "f()") + call(3, "f", "return [][1]") + caret(11) + "IndexError: list index out of range");
}

TEST_CASE("calls that repeat are cut as CPython cuts them") {
  CHECK(error_of("def f(n):\n    if n == 0:\n        return 1 / 0\n    return f(n - 1)\nf(7)\n") ==
        heading + call(5, "<module>", "f(7)") + call(4, "f", "return f(n - 1)") + call(4, "f", "return f(n - 1)") +
            call(4, "f", "return f(n - 1)") + "  [Previous line repeated 4 more times]\n" + call(3, "f", "return 1 / 0") + caret(10) +
            "ZeroDivisionError: division by zero");
  CHECK(error_of("def f(n):\n    if n == 0:\n        return 1 / 0\n    return f(n - 1)\nf(3)\n") ==
        heading + call(5, "<module>", "f(3)") + call(4, "f", "return f(n - 1)") + call(4, "f", "return f(n - 1)") +
            call(4, "f", "return f(n - 1)") + call(3, "f", "return 1 / 0") + caret(10) + "ZeroDivisionError: division by zero");
}

TEST_CASE("errors that are not the script's fault keep their exit code and get the place") {
  RecordingHost host;
  try {
    run_script("script.py", "import xarray as xr\nds = xr.open_dataset('gone.nc')\n", host);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::input);
    CHECK(std::string(error.what()) == heading + call(2, "<module>", "ds = xr.open_dataset('gone.nc')") + caret(9) +
                                           "OSError: cannot open gone.nc: no such file");
  }
}

TEST_CASE("sys.exit and raise SystemExit end the script with their status") {
  const auto status_of = [](const std::string& text) {
    RecordingHost host;
    try {
      run_script("script.py", text, host);
    } catch (const ScriptExit& end) {
      return std::to_string(end.status) + host.err;
    }
    return std::string("ran to its end");
  };
  CHECK(status_of("import sys\nsys.exit()\n") == "0");
  CHECK(status_of("import sys\nsys.exit(3)\n") == "3");
  CHECK(status_of("import sys\nsys.exit('usage: x')\n") == "1usage: x\n");
  CHECK(status_of("raise SystemExit(4)\n") == "4");
  CHECK(status_of("raise SystemExit\n") == "0");
}

TEST_CASE("an exception that nothing catches is told where it was raised first, whatever it passed through") {
  CHECK(error_of("def f():\n    return 1 / 0\ntry:\n    f()\nfinally:\n    x = 3\n") ==
        heading + call(4, "<module>", "f()") + call(2, "f", "return 1 / 0") + caret(10) + "ZeroDivisionError: division by zero");
  CHECK(error_of("try:\n    raise ValueError('too hot')\nexcept KeyError:\n    pass\n") ==
        heading + call(2, "<module>", "raise ValueError('too hot')") + caret(1) + "ValueError: too hot");
}

TEST_CASE("what Rankine lacks cannot be caught: a script that went on would give other results than Python") {
  const std::string full = error_of("x = 2 ** 62\ntry:\n    y = x * 4\nexcept Exception:\n    y = 0\nfinally:\n    print('never')\n");
  CHECK(full == "script.py:3:11: integer overflow: integers beyond 64 bits are not supported\n        y = x * 4\n              ^");
}
