#pragma once
#include <string>

#include "script/source_text.hpp"

namespace rankine::script {

/// The characters that the body of a string literal stands for; `raw` leaves backslashes alone.
/// Newlines become "\n" whatever the file's line ends. Throws ScriptError for malformed escapes.
std::string unescape(const SourceText& source, Span body, bool raw);

/// Appends `code_point` in UTF-8.
void append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace rankine::script
