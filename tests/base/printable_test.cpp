#include <catch2/catch.hpp>

#include <string>

#include "base/printable.hpp"

using namespace rankine;

TEST_CASE("what moves a terminal's cursor or its lines is shown escaped") {
  CHECK(printable("tas") == "tas");
  CHECK(printable("\x1b[2Jtas\r") == "\\x1b[2Jtas\\r");
  CHECK(printable("a\nrankine: done") == "a\\nrankine: done");
  CHECK(printable("a\tb\x7f") == "a\tb\\x7f");
  CHECK(printable(std::string("a\0b", 3)) == "a\\x00b");
}

TEST_CASE("text of other scripts stays, and what reverses it is escaped") {
  CHECK(printable("M\u00fcnchen \u6c14\u6e29 \U0001f321") == "M\u00fcnchen \u6c14\u6e29 \U0001f321");
  CHECK(printable("a\u202eb\u2066c\u2028d") == "a\\u202eb\\u2066c\\u2028d");
  CHECK(printable("\u009b2J") == "\\x9b2J");  // CSI in one character
}

TEST_CASE("bytes that are no UTF-8 are escaped one by one") {
  CHECK(printable("M\xfc") == "M\\xfc");
  CHECK(printable("\xc3") == "\\xc3");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");          // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
}

TEST_CASE("a message keeps the lines that it has on purpose and no others") {
  CHECK(printable_message("two files:\n  a.nc\n  b.nc") == "two files:\n  a.nc\n  b.nc");
  CHECK(printable_message("no variable 'x\nrankine: done'") == "no variable 'x\\nrankine: done'");
  const std::string error = "Traceback (most recent call last):\n  File \"s.py\", line 1, in <module>\n    f()\nKeyError: 'x'";
  CHECK(printable_message(error + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + error) ==
        error + "\n\nDuring handling of the above exception, another exception occurred:\n\n" + error);
  CHECK(printable_message(error + "\nrankine: done") == error + "\\nrankine: done");
  CHECK(printable_message("no variable 'x\nKeyError: y'") == "no variable 'x\\nKeyError: y'");
  CHECK(printable_lines("a\nb\x1b") == "a\nb\\x1b");
}
