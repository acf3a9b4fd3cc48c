#pragma once
#include <string>
#include <string_view>

namespace rankine {

// Names and texts of files are whatever somebody wrote there. What goes to a terminal or a log passes through here, so
// that a name can neither move the cursor nor make up lines of its own: control characters, what reverses the direction
// of writing, and bytes that are no UTF-8 are shown as Python would escape them (\x1b, \n, \u202e).

/// A name, a path, a value: all of it stays on one line.
std::string printable(std::string_view text);

/// A message: the lines that it has on purpose stay, and these are told by the two spaces or more that they begin with. In what
/// Python prints of an error ("Traceback ...") those too that name an exception's class or stand between two exceptions.
std::string printable_message(std::string_view text);

/// Text of many lines that was put together from printable names.
std::string printable_lines(std::string_view text);

}  // namespace rankine
