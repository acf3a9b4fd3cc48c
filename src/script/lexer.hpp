#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "script/source_text.hpp"

namespace rankine::script {

enum class TokenKind : std::uint8_t { name, keyword, integer, floating, string, op, newline, indent, dedent, end };

struct Token {
  TokenKind kind = TokenKind::end;
  Span span;
  std::string_view text;   ///< as written
  // string
  bool raw = false;
  bool formatted = false;
  Span body;               ///< between the quotes
};

/// Splits a whole script into tokens, indentation included. Throws ScriptError.
std::vector<Token> tokenize(const SourceText& source);
/// The same, going on after what is no token: it is put into `problems`.
std::vector<Token> tokenize(const SourceText& source, std::vector<ScriptError>& problems);

/// Splits the expression inside an f-string's braces: no indentation, newlines are blanks.
std::vector<Token> tokenize_expression(const SourceText& source, Span span);

}  // namespace rankine::script
