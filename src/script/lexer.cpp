#include "script/lexer.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace rankine::script {

namespace {

constexpr std::array<std::string_view, 35> keywords = {
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield"};

// Longest first, so that the first match is the right one.
constexpr std::array<std::string_view, 48> operators = {
    "**=", "//=", ">>=", "<<=", "...", "->", ":=", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|=", "^=",
    "**", "//", "<<", ">>", "<=", ">=", "==", "!=", "<>", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~",
    "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "="};

bool is_name_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool is_name_part(char c) { return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  Lexer(const SourceText& source, Span span, bool inside_brackets, std::vector<ScriptError>* problems = nullptr)
      : source_(source), text_(source.text()), at_(span.begin), end_(span.end), embedded_(inside_brackets), problems_(problems) {}

  std::vector<Token> run() {
    if (!embedded_) {
      if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
      read_indentation();
    }
    for (;;) {
      while (at_ < end_) read_one();
      if (brackets_.empty()) break;
      problem(brackets_.back(), std::string("'") + text_[brackets_.back()] + "' was never closed");
      reopen_after_line_of(brackets_.front());
    }
    if (!embedded_) {
      if (!tokens_.empty() && tokens_.back().kind != TokenKind::newline && tokens_.back().kind != TokenKind::dedent)
        add(TokenKind::newline, end_, end_);
      for (; indents_.size() > 1; indents_.pop_back()) add(TokenKind::dedent, end_, end_);
    }
    add(TokenKind::end, end_, end_);
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::size_t at, const std::string& message) const {
    source_.fail({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at)}, message);
  }
  /// Fails, or notes it where problems are gathered.
  void problem(std::size_t at, const std::string& message) {
    if (problems_ == nullptr) fail(at, message);
    try {
      fail(at, message);
    } catch (const ScriptError& error) {
      problems_->push_back(error);
    }
  }
  /// A bracket that is never closed hides all lines below: they are read again as lines of their own.
  void reopen_after_line_of(std::size_t bracket) {
    brackets_.clear();
    at_ = std::min(text_.find('\n', bracket), end_);
    std::erase_if(tokens_, [this](const Token& token) { return token.span.begin >= at_; });
  }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < end_ ? text_[at_ + ahead] : '\0'; }
  Token& add(TokenKind kind, std::size_t begin, std::size_t end) {
    Token token;
    token.kind = kind;
    token.span = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    token.text = text_.substr(begin, end - begin);
    tokens_.push_back(token);
    return tokens_.back();
  }

  void read_indentation() {
    while (at_ < end_) {
      std::size_t column = 0;
      std::size_t spaces_only = 0;
      for (; at_ < end_; ++at_) {
        const char c = text_[at_];
        if (c == ' ') { ++column; ++spaces_only; }
        else if (c == '\t') { column = (column / 8 + 1) * 8; ++spaces_only; }
        else if (c == '\f') { column = 0; spaces_only = 0; }
        else break;
      }
      if (at_ >= end_) return;
      if (peek() == '#') while (at_ < end_ && peek() != '\n') ++at_;
      if (peek() == '\r' && peek(1) == '\n') ++at_;
      if (peek() == '\n') { ++at_; continue; }
      if (at_ >= end_) return;
      set_indentation(column);
      return;
    }
  }
  void set_indentation(std::size_t column) {
    if (column > indents_.back()) {
      if (indents_.size() > 100) fail(at_, "too many levels of indentation");
      indents_.push_back(column);
      add(TokenKind::indent, at_, at_);
    } else {
      while (column < indents_.back()) {
        indents_.pop_back();
        add(TokenKind::dedent, at_, at_);
      }
      if (column != indents_.back()) problem(at_, "unindent does not match any outer indentation level");
    }
  }

  void read_one() {
    const char c = peek();
    if (c == ' ' || c == '\t' || c == '\f') { ++at_; return; }
    if (c == '#') {
      while (at_ < end_ && peek() != '\n') ++at_;
      return;
    }
    if (c == '\\') return read_continuation();
    if (c == '\r' && peek(1) == '\n') ++at_;
    if (peek() == '\n' || peek() == '\r') return read_newline();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return read_number();
    if (c == '"' || c == '\'') return read_string(at_);
    if (is_name_start(c)) return read_name();
    read_operator();
  }
  void read_continuation() {
    ++at_;
    if (peek() == '\r') ++at_;
    if (peek() != '\n') return problem(at_, "unexpected character after line continuation character");
    ++at_;
  }
  void read_newline() {
    ++at_;
    if (embedded_ || !brackets_.empty()) return;
    if (!tokens_.empty() && tokens_.back().kind != TokenKind::newline) add(TokenKind::newline, at_ - 1, at_ - 1);
    read_indentation();
  }
  void read_name() {
    const std::size_t begin = at_;
    while (at_ < end_ && is_name_part(peek())) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if ((peek() == '"' || peek() == '\'') && word.size() <= 2) return read_string(begin);
    const bool keyword = std::binary_search(keywords.begin(), keywords.end(), word);
    add(keyword ? TokenKind::keyword : TokenKind::name, begin, at_);
  }
  void read_digits(bool (*accept)(char)) {
    while (accept(peek()) || (peek() == '_' && accept(peek(1)))) ++at_;
  }
  void read_number() {
    const std::size_t begin = at_;
    bool floating = false;
    const char base = static_cast<char>(std::tolower(peek(1)));
    if (peek() == '0' && (base == 'x' || base == 'o' || base == 'b')) {
      at_ += 2;
      read_digits(+[](char d) { return std::isxdigit(static_cast<unsigned char>(d)) != 0; });
    } else {
      read_digits(is_digit);
      if (peek() == '.') { floating = true; ++at_; read_digits(is_digit); }
      const char sign = peek(1);
      if ((peek() == 'e' || peek() == 'E') && (is_digit(sign) || ((sign == '+' || sign == '-') && is_digit(peek(2))))) {
        floating = true;
        at_ += 2;
        read_digits(is_digit);
      }
      if (peek() == 'j' || peek() == 'J') {
        problem(begin, "complex numbers are not supported");
        ++at_;
      }
    }
    if (is_name_part(peek())) {
      problem(begin, "invalid number");
      while (is_name_part(peek())) ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (!floating && word.size() > 1 && word[0] == '0' && is_digit(word[1]) && word.find_first_not_of("0_") != word.npos)
      problem(begin, "leading zeros in decimal integer literals are not permitted");
    add(floating ? TokenKind::floating : TokenKind::integer, begin, at_);
  }
  void read_string(std::size_t begin) {
    bool raw = false, formatted = false;
    for (std::size_t i = begin; i < at_; ++i) {
      const char p = static_cast<char>(std::tolower(text_[i]));
      if (p == 'r') raw = true;
      else if (p == 'f') formatted = true;
      else if (p == 'b') problem(begin, "bytes literals are not supported");
      else if (p != 'u' || at_ - begin != 1) problem(begin, "invalid string prefix '" + std::string(text_.substr(begin, at_ - begin)) + "'");
    }
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3 : 1;
    const std::size_t body = at_;
    for (;; ++at_) {
      if (at_ >= end_) {
        problem(begin, triple ? "unterminated triple-quoted string literal" : "unterminated string literal");
        at_ = end_;
        return;
      }
      const char c = peek();
      if (c == '\\') { ++at_; continue; }
      if (c == '\n' && !triple) return problem(begin, "unterminated string literal");
      if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) break;
    }
    const std::size_t body_end = at_;
    at_ += triple ? 3 : 1;
    Token& token = add(TokenKind::string, begin, at_);
    token.raw = raw;
    token.formatted = formatted;
    token.body = {static_cast<std::uint32_t>(body), static_cast<std::uint32_t>(body_end)};
  }
  void read_operator() {
    const std::string_view rest = text_.substr(at_, end_ - at_);
    for (const std::string_view op : operators) {
      if (rest.substr(0, op.size()) != op) continue;
      match_brackets(op[0]);
      add(TokenKind::op, at_, at_ + op.size());
      at_ += op.size();
      return;
    }
    problem(at_, "invalid character in the script");
    for (++at_; at_ < end_ && (text_[at_] & 0xC0) == 0x80;) ++at_;
  }
  void match_brackets(char c) {
    if (c == '(' || c == '[' || c == '{') {
      if (brackets_.size() >= 200) fail(at_, "too many nested parentheses");
      brackets_.push_back(at_);
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty()) return problem(at_, std::string("unmatched '") + c + "'");
      const char open = text_[brackets_.back()];
      if ((open == '(') != (c == ')') || (open == '[') != (c == ']'))
        problem(at_, std::string("closing parenthesis '") + c + "' does not match opening parenthesis '" + open + "'");
      brackets_.pop_back();
    }
  }

  const SourceText& source_;
  std::string_view text_;
  std::size_t at_;
  std::size_t end_;
  bool embedded_;
  std::vector<ScriptError>* problems_;
  std::vector<Token> tokens_;
  std::vector<std::size_t> indents_{0};
  std::vector<std::size_t> brackets_;
};

}  // namespace

std::vector<Token> tokenize(const SourceText& source) {
  return Lexer(source, {0, static_cast<std::uint32_t>(source.text().size())}, false).run();
}

std::vector<Token> tokenize(const SourceText& source, std::vector<ScriptError>& problems) {
  return Lexer(source, {0, static_cast<std::uint32_t>(source.text().size())}, false, &problems).run();
}

std::vector<Token> tokenize_expression(const SourceText& source, Span span) {
  return Lexer(source, span, true).run();
}

}  // namespace rankine::script
