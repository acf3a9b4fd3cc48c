#pragma once
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "script/ast.hpp"
#include "script/lexer.hpp"
#include "script/stack_limit.hpp"

namespace rankine::script {

/// The tokens that a parser has before it, and what every rule of the grammar does with them.
class TokenStream {
 protected:
  TokenStream(const SourceText& source, std::vector<Token> tokens, const StackLimit& stack)
      : source_(source), tokens_(std::move(tokens)), stack_(stack) {}

  // Left-leaning chains (a + a + ...) nest the tree without nesting the parser, so trees have a bound of their own.
  static constexpr int max_tree_depth = 1000;
  static int depth_of(const ExpressionPtr& e) { return e ? e->depth : 0; }

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ < tokens_.size() - 1 ? at_++ : at_]; }
  bool is_op(std::string_view text) const { return peek().kind == TokenKind::op && peek().text == text; }
  bool is_word(std::string_view text) const { return peek().kind == TokenKind::keyword && peek().text == text; }
  bool accept_op(std::string_view text) { return is_op(text) && (take(), true); }
  bool accept_word(std::string_view text) { return is_word(text) && (take(), true); }
  void expect_op(std::string_view text) {
    if (!accept_op(text)) fail(peek(), "expected '" + std::string(text) + "'");
  }
  void expect_word(std::string_view text) {
    if (!accept_word(text)) fail(peek(), "expected '" + std::string(text) + "'");
  }
  [[noreturn]] void fail(const Token& token, const std::string& message) const { source_.fail(token.span, message); }
  [[noreturn]] void unsupported(const Token& token, const std::string& what) const {
    source_.fail(token.span, what + " is not supported");
  }
  std::string identifier() {
    if (peek().kind == TokenKind::keyword)
      fail(peek(), "invalid syntax: '" + std::string(peek().text) + "' is a keyword");
    if (peek().kind != TokenKind::name) fail(peek(), "invalid syntax: a name was expected");
    return std::string(take().text);
  }
  std::uint32_t last_end() const { return at_ == 0 ? 0 : tokens_[at_ - 1].span.end; }
  template <typename Node>
  ExpressionPtr make(std::uint32_t begin, Node node, int child_depth) {
    auto e = std::make_unique<Expression>();
    e->node = std::move(node);
    e->span = {begin, last_end()};
    e->depth = child_depth + 1;
    if (e->depth > max_tree_depth) source_.fail(e->span, "expression is nested too deeply");
    return e;
  }
  static int depth_of_all(const std::vector<ExpressionPtr>& all) {
    int depth = 0;
    for (const auto& e : all) depth = std::max(depth, depth_of(e));
    return depth;
  }
  void check_stack() const {
    if (stack_.exceeded()) fail(peek(), "expression is nested too deeply");
  }

  const SourceText& source_;
  std::vector<Token> tokens_;
  const StackLimit& stack_;
  std::size_t at_ = 0;
};

}  // namespace rankine::script
