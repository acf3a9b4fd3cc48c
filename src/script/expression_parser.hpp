#pragma once
#include <optional>

#include "script/token_stream.hpp"

namespace rankine::script {

/// Expressions, from the loosest operator to the tightest; strings are in string_parser.cpp.
class ExpressionParser : protected TokenStream {
 public:
  ExpressionParser(const SourceText& source, std::vector<Token> tokens, const StackLimit& stack)
      : TokenStream(source, std::move(tokens), stack) {}
  ExpressionPtr whole_expression(const char* context) {
    auto value = expression_list();
    if (peek().kind != TokenKind::end) fail(peek(), std::string("invalid syntax in ") + context);
    return value;
  }

 protected:
  std::vector<std::string> named_;   ///< bound by := since the statement began
  int lambdas_ = 0;
  bool ends_statement() const;
  /// `verb`: "assign to". A starred part may stand once in a tuple or list that is assigned to.
  void check_target(const Expression& e, const char* verb) const;
  void check_targets(const std::vector<ExpressionPtr>& targets, const char* verb) const;
  void parameters(FunctionDefinition& function, std::string_view close, bool annotations);
  /// One expression, or several with commas: a tuple. Starred elements are allowed.
  ExpressionPtr expression_list();
  bool starts_expression() const;
  ExpressionPtr starred_or_expression();
  /// The targets of `for` and `del`: no operators, so that `in` is left for the statement.
  ExpressionPtr target_list();
  ExpressionPtr starred_or_target();
  ExpressionPtr expression();
  ExpressionPtr lambda();
  ExpressionPtr logical(bool is_and);
  ExpressionPtr logical_or() { return logical(false); }
  ExpressionPtr logical_not();
  std::optional<CompareOp> comparison_op();
  ExpressionPtr comparison();
  struct Level { std::string_view text; BinaryOp op; };
  /// Left-associative binary operators from the loosest (|) to the tightest (*).
  ExpressionPtr binary(std::size_t level);
  ExpressionPtr bitwise_or() { return binary(0); }
  ExpressionPtr factor();
  ExpressionPtr primary();
  ExpressionPtr call(std::uint32_t begin, ExpressionPtr callee);
  ExpressionPtr subscripts();
  ExpressionPtr slice();
  ExpressionPtr atom();
  std::int64_t integer(const Token& token) const;
  ExpressionPtr parenthesised();
  ExpressionPtr list_display();
  /// {1: 2}, {1, 2} and their comprehensions.
  ExpressionPtr braces();
  ExpressionPtr set_display(std::uint32_t begin, ExpressionPtr first);
  ExpressionPtr comprehension(std::uint32_t begin, Comprehension::Kind kind, ExpressionPtr element, ExpressionPtr value);
  /// Neighbouring string literals are one string; with an f-string among them, one f-string.
  ExpressionPtr strings();
  static int depth_of_parts(const std::vector<FormatPart>& parts);
  static void append_text(std::vector<FormatPart>& parts, const std::string& text);
  /// Splits [span] of an f-string into text and fields. In a format spec a closing brace ends it, and there
  /// are no doubled braces.
  void format_parts(const Token& token, Span span, std::vector<FormatPart>& parts, bool in_spec);
  /// One field from behind its '{'; returns the offset behind its '}'.
  std::uint32_t format_field(const Token& token, std::uint32_t begin, std::uint32_t end, std::vector<FormatPart>& parts);
};

}  // namespace rankine::script
