// String literals and f-strings.
#include "script/expression_parser.hpp"
#include "script/string_literal.hpp"

namespace rankine::script {

ExpressionPtr ExpressionParser::strings() {
  const std::uint32_t begin = peek().span.begin;
  std::vector<FormatPart> parts;
  bool formatted = false;
  while (peek().kind == TokenKind::string) {
    const Token token = take();
    if (token.formatted) {
      formatted = true;
      format_parts(token, token.body, parts, false);
    } else {
      append_text(parts, unescape(source_, token.body, token.raw));
    }
  }
  if (!formatted) return make(begin, Constant{parts.empty() ? std::string() : parts[0].text}, 0);
  const int depth = depth_of_parts(parts);
  return make(begin, FormattedString{std::move(parts)}, depth);
}

int ExpressionParser::depth_of_parts(const std::vector<FormatPart>& parts) {
  int depth = 0;
  for (const auto& part : parts) depth = std::max({depth, depth_of(part.value), depth_of_parts(part.format)});
  return depth;
}

void ExpressionParser::append_text(std::vector<FormatPart>& parts, const std::string& text) {
  if (parts.empty() || parts.back().value) parts.emplace_back();
  parts.back().text += text;
}

void ExpressionParser::format_parts(const Token& token, Span span, std::vector<FormatPart>& parts, bool in_spec) {
  check_stack();
  const std::string& text = source_.text();
  std::uint32_t literal = span.begin;
  const auto flush = [&](std::uint32_t end) {
    if (end > literal) append_text(parts, unescape(source_, {literal, end}, token.raw));
  };
  for (std::uint32_t i = span.begin; i < span.end;) {
    const char c = text[i];
    if (c == '\\' && !token.raw) {
      const bool named = i + 2 < span.end && text[i + 1] == 'N' && text[i + 2] == '{';
      i += named ? 3 : 2;
      continue;
    }
    if (c != '{' && c != '}') { ++i; continue; }
    if (!in_spec && i + 1 < span.end && text[i + 1] == c) {
      flush(i + 1);
      i += 2;
      literal = i;
      continue;
    }
    if (c == '}') source_.fail({i, i + 1}, "f-string: single '}' is not allowed");
    flush(i);
    i = format_field(token, i + 1, span.end, parts);
    literal = i;
  }
  flush(span.end);
}

std::uint32_t ExpressionParser::format_field(const Token& token, std::uint32_t begin, std::uint32_t end, std::vector<FormatPart>& parts) {
  const std::string& text = source_.text();
  std::uint32_t i = begin;
  int depth = 0;
  char quote = 0;
  for (; i < end; ++i) {
    const char c = text[i];
    const char next = i + 1 < end ? text[i + 1] : '\0';
    if (c == '\\') source_.fail({i, i}, "f-string expression part cannot include a backslash");
    if (quote != 0) { if (c == quote) quote = 0; continue; }
    if (c == '\'' || c == '"') { quote = c; continue; }
    if (c == '#') source_.fail({i, i}, "f-string expression part cannot include '#'");
    if (c == '(' || c == '[' || c == '{') { ++depth; continue; }
    if (depth > 0) { if (c == ')' || c == ']' || c == '}') --depth; continue; }
    if ((c == '!' || c == '=' || c == '<' || c == '>') && next == '=') { ++i; continue; }
    if (c == '<' || c == '>') continue;
    if (c == '!' || c == ':' || c == '}' || c == '=') break;
  }
  if (i >= end) source_.fail({begin - 1, begin}, "f-string: expecting '}'");
  if (text.find_first_not_of(" \t\n\r", begin) >= i) source_.fail({begin - 1, begin}, "f-string: empty expression not allowed");
  FormatPart part;
  ExpressionParser inner(source_, tokenize_expression(source_, {begin, i}), stack_);
  inner.lambdas_ = lambdas_;
  part.value = inner.whole_expression("f-string");
  named_.insert(named_.end(), inner.named_.begin(), inner.named_.end());
  if (text[i] == '=') {
    do ++i; while (i < end && (text[i] == ' ' || text[i] == '\t'));
    append_text(parts, text.substr(begin, i - begin));
    if (i < end && text[i] == '}') part.conversion = 'r';
  }
  if (i < end && text[i] == '!') {
    part.conversion = i + 1 < end ? text[i + 1] : '\0';
    if (part.conversion != 'r' && part.conversion != 's' && part.conversion != 'a')
      source_.fail({i, i + 1}, "f-string: invalid conversion character: expected 's', 'r', or 'a'");
    i += 2;
  }
  if (i < end && text[i] == ':') {
    const std::uint32_t spec = ++i;
    for (int braces = 0; i < end; ++i) {
      if (text[i] == '{') ++braces;
      else if (text[i] == '}' && braces-- == 0) break;
    }
    format_parts(token, {spec, i}, part.format, true);
  }
  if (i >= end || text[i] != '}') source_.fail({begin - 1, begin}, "f-string: expecting '}'");
  parts.push_back(std::move(part));
  return i + 1;
}

}  // namespace rankine::script
