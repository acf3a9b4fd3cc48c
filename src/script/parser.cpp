#include "script/parser.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>

#include "script/lexer.hpp"
#include "script/stack_limit.hpp"
#include "script/string_literal.hpp"

namespace rankine::script {

namespace {

// Left-leaning chains (a + a + ...) nest the tree without nesting the parser, so trees have a bound of their own.
constexpr int max_tree_depth = 1000;

int depth_of(const ExpressionPtr& e) { return e ? e->depth : 0; }

class Parser {
 public:
  Parser(const SourceText& source, std::vector<Token> tokens, const StackLimit& stack)
      : source_(source), tokens_(std::move(tokens)), stack_(stack) {}

  Block script() {
    Block block;
    while (peek().kind != TokenKind::end) statement(block);
    return block;
  }
  ExpressionPtr whole_expression(const char* context) {
    auto value = expression_list();
    if (peek().kind != TokenKind::end) fail(peek(), std::string("invalid syntax in ") + context);
    return value;
  }

 private:
  // ---- tokens
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

  // ---- statements
  void statement(Block& block) {
    check_stack();
    const Token& token = peek();
    if (token.kind == TokenKind::indent) fail(token, "unexpected indent");
    if (token.kind == TokenKind::keyword) {
      if (token.text == "if") return add(block, token, if_statement());
      if (token.text == "for") return add(block, token, for_statement());
      if (token.text == "while") return add(block, token, while_statement());
      if (token.text == "def") return add(block, token, definition());
      if (token.text == "with") return add(block, token, with_statement());
      if (token.text == "try") unsupported(token, "'try' (catching exceptions)");
      if (token.text == "class") unsupported(token, "'class' (defining classes)");
      if (token.text == "async") unsupported(token, "'async'");
    }
    if (is_op("@")) return add(block, token, decorated());
    if (token.kind == TokenKind::name && token.text == "match" && peek(1).kind == TokenKind::name)
      unsupported(token, "'match'");
    simple_statements(block);
  }
  template <typename Node>
  void add(Block& block, const Token& first, Node node) {
    auto s = std::make_unique<Statement>();
    s->span = {first.span.begin, last_end()};
    s->node = std::move(node);
    block.push_back(std::move(s));
  }
  void simple_statements(Block& block) {
    for (;;) {
      simple_statement(block);
      if (accept_op(";")) {
        if (peek().kind == TokenKind::newline) break;
        continue;
      }
      break;
    }
    if (peek().kind == TokenKind::end) return;
    if (peek().kind != TokenKind::newline) fail(peek(), "invalid syntax");
    take();
  }
  void simple_statement(Block& block) {
    const Token first = peek();
    if (first.kind == TokenKind::keyword) {
      const std::string_view word = first.text;
      if (word == "pass") { take(); return add(block, first, Pass{}); }
      if (word == "break" || word == "continue") {
        if (loops_ == 0) fail(first, "'" + std::string(word) + "' outside loop");
        take();
        if (word == "break") return add(block, first, Break{});
        return add(block, first, Continue{});
      }
      if (word == "return") {
        if (functions_ == 0) fail(first, "'return' outside function");
        take();
        Return node;
        if (!ends_statement()) node.value = expression_list();
        return add(block, first, std::move(node));
      }
      if (word == "import") return import_statement(block);
      if (word == "from") return from_statement(block);
      if (word == "assert") {
        take();
        Assert node;
        node.condition = expression();
        if (accept_op(",")) node.message = expression();
        return add(block, first, std::move(node));
      }
      if (word == "raise") {
        take();
        Raise node;
        if (ends_statement()) unsupported(first, "'raise' without an exception");
        node.value = expression();
        if (is_word("from")) unsupported(peek(), "'raise ... from'");
        return add(block, first, std::move(node));
      }
      if (word == "del") {
        take();
        Delete node;
        auto target = target_list();
        if (auto* tuple = std::get_if<TupleDisplay>(&target->node)) node.targets = std::move(tuple->elements);
        else node.targets.push_back(std::move(target));
        for (const auto& t : node.targets) check_target(*t, "delete");
        return add(block, first, std::move(node));
      }
      if (word == "global" || word == "nonlocal" || word == "yield" || word == "await")
        unsupported(first, "'" + std::string(word) + "'");
      if (word == "except" || word == "finally" || word == "elif" || word == "else")
        fail(first, "invalid syntax: '" + std::string(word) + "' without its beginning");
    }
    expression_statement(block);
  }
  bool ends_statement() const {
    return peek().kind == TokenKind::newline || peek().kind == TokenKind::end || is_op(";");
  }
  void expression_statement(Block& block) {
    const Token first = peek();
    auto value = expression_list();
    if (is_op(":")) {  // an annotation: parsed and dropped, as CPython does for our purposes
      take();
      check_target(*value, "annotate");
      expression();
      if (!is_op("=")) return add(block, first, Pass{});
    }
    static const std::map<std::string_view, BinaryOp> augmented = {
        {"+=", BinaryOp::add}, {"-=", BinaryOp::subtract}, {"*=", BinaryOp::multiply}, {"/=", BinaryOp::divide},
        {"//=", BinaryOp::floor_divide}, {"%=", BinaryOp::modulo}, {"**=", BinaryOp::power},
        {"&=", BinaryOp::bit_and}, {"|=", BinaryOp::bit_or}, {"^=", BinaryOp::bit_xor},
        {"<<=", BinaryOp::left_shift}, {">>=", BinaryOp::right_shift}};
    if (peek().kind == TokenKind::op) {
      const auto found = augmented.find(peek().text);
      if (found != augmented.end()) {
        const Span op_span = take().span;
        check_target(*value, "assign to");
        if (value->as<TupleDisplay>() || value->as<ListDisplay>())
          source_.fail(value->span, "a tuple is an illegal target of an augmented assignment");
        AugmentedAssign node{std::move(value), found->second, op_span, expression_list()};
        return add(block, first, std::move(node));
      }
      if (is_op("@=")) unsupported(peek(), "'@='");
      if (is_op(":=")) unsupported(peek(), "':='");
    }
    if (!is_op("=")) return add(block, first, ExpressionStatement{std::move(value)});
    Assign node;
    node.targets.push_back(std::move(value));
    while (accept_op("=")) {
      check_target(*node.targets.back(), "assign to");
      if (is_word("yield")) unsupported(peek(), "'yield'");
      node.targets.push_back(expression_list());
    }
    node.value = std::move(node.targets.back());
    node.targets.pop_back();
    add(block, first, std::move(node));
  }
  void check_target(const Expression& e, const char* verb) const {
    if (e.as<Name>() || e.as<Attribute>() || e.as<Subscript>()) return;
    if (const auto* tuple = e.as<TupleDisplay>()) {
      for (const auto& x : tuple->elements) check_target(*x, verb);
    } else if (const auto* list = e.as<ListDisplay>()) {
      for (const auto& x : list->elements) check_target(*x, verb);
    } else if (e.as<Starred>()) {
      source_.fail(e.span, "a starred target is not supported");
    } else {
      source_.fail(e.span, std::string("cannot ") + verb + " this expression");
    }
  }
  Block block(const char* after) {
    expect_op(":");
    Block body;
    if (peek().kind != TokenKind::newline) {
      simple_statements(body);
      return body;
    }
    take();
    if (peek().kind != TokenKind::indent) fail(peek(), std::string("expected an indented block after ") + after);
    take();
    while (peek().kind != TokenKind::dedent && peek().kind != TokenKind::end) statement(body);
    if (peek().kind == TokenKind::dedent) take();
    return body;
  }
  If if_statement() {
    take();
    If node;
    node.condition = expression();
    node.body = block("'if'");
    if (is_word("elif")) {
      const Token elif = peek();
      check_stack();
      add(node.otherwise, elif, if_statement());
    } else if (accept_word("else")) {
      node.otherwise = block("'else'");
    }
    return node;
  }
  For for_statement() {
    take();
    For node;
    node.target = target_list();
    check_target(*node.target, "assign to");
    expect_word("in");
    node.iterable = expression_list();
    ++loops_;
    node.body = block("'for'");
    --loops_;
    if (accept_word("else")) node.otherwise = block("'else'");
    return node;
  }
  While while_statement() {
    take();
    While node;
    node.condition = expression();
    ++loops_;
    node.body = block("'while'");
    --loops_;
    if (accept_word("else")) node.otherwise = block("'else'");
    return node;
  }
  With with_statement() {
    take();
    With node;
    const bool parenthesised = is_op("(") && with_parentheses();
    if (parenthesised) take();
    do {
      if (parenthesised && is_op(")")) break;
      With::Item item;
      item.context = expression();
      if (accept_word("as")) {
        item.target = primary();
        check_target(*item.target, "assign to");
      }
      node.items.push_back(std::move(item));
    } while (accept_op(","));
    if (parenthesised) expect_op(")");
    node.body = block("'with'");
    return node;
  }
  /// True if the parenthesis after `with` encloses all items: its partner stands before the colon.
  bool with_parentheses() const {
    int depth = 0;
    for (std::size_t i = at_; i < tokens_.size(); ++i) {
      if (tokens_[i].kind != TokenKind::op) continue;
      const std::string_view text = tokens_[i].text;
      if (text == "(" || text == "[" || text == "{") ++depth;
      else if (text == ")" || text == "]" || text == "}") {
        if (--depth == 0) return tokens_[i + 1].text == ":" && tokens_[i + 1].kind == TokenKind::op;
      }
    }
    return false;
  }
  Define decorated() {
    std::vector<ExpressionPtr> decorators;
    while (accept_op("@")) {
      decorators.push_back(expression());
      if (peek().kind != TokenKind::newline) fail(peek(), "invalid syntax");
      take();
    }
    if (is_word("class")) unsupported(peek(), "'class' (defining classes)");
    if (is_word("async")) unsupported(peek(), "'async'");
    if (!is_word("def")) fail(peek(), "expected 'def' after a decorator");
    Define node = definition();
    node.decorators = std::move(decorators);
    return node;
  }
  Define definition() {
    const std::uint32_t begin = take().span.begin;
    auto function = std::make_shared<FunctionDefinition>();
    function->name = identifier();
    expect_op("(");
    parameters(*function, ")", true);
    expect_op(")");
    if (accept_op("->")) expression();
    const int loops = std::exchange(loops_, 0);
    ++functions_;
    function->body = block("a function definition");
    --functions_;
    loops_ = loops;
    function->span = {begin, last_end()};
    return {function};
  }
  void parameters(FunctionDefinition& function, std::string_view close, bool annotations) {
    bool keyword_only = false, seen_default = false;
    while (!is_op(close)) {
      const Token token = peek();
      Parameter p;
      if (accept_op("/")) {
        if (!is_op(close)) expect_op(",");
        continue;
      }
      if (accept_op("**")) p.kind = Parameter::Kind::double_star;
      else if (accept_op("*")) {
        keyword_only = true;
        if (accept_op(",")) continue;
        p.kind = Parameter::Kind::star;
      } else if (keyword_only) p.kind = Parameter::Kind::keyword_only;
      p.name = identifier();
      if (annotations && accept_op(":")) expression();
      if (is_op("=")) {
        if (p.kind == Parameter::Kind::star || p.kind == Parameter::Kind::double_star)
          fail(peek(), "this parameter cannot have a default value");
        take();
        p.default_value = expression();
        seen_default = true;
      } else if (seen_default && p.kind == Parameter::Kind::normal) {
        fail(token, "non-default argument follows default argument");
      }
      for (const auto& other : function.parameters) {
        if (other.name == p.name) fail(token, "duplicate argument '" + p.name + "' in function definition");
      }
      const bool last = p.kind == Parameter::Kind::double_star;
      function.parameters.push_back(std::move(p));
      if (!accept_op(",") || last) break;
    }
  }
  std::string dotted_name(Span& span) {
    span = peek().span;
    std::string name = identifier();
    while (accept_op(".")) name += "." + identifier();
    span.end = last_end();
    return name;
  }
  void import_statement(Block& block) {
    const Token first = take();
    do {
      Import node;
      node.module = dotted_name(node.module_span);
      node.bound_name = node.module.substr(0, node.module.find('.'));
      if (accept_word("as")) {
        node.bound_name = identifier();
        node.has_alias = true;
      }
      add(block, first, std::move(node));
    } while (accept_op(","));
  }
  void from_statement(Block& block) {
    const Token first = take();
    if (is_op(".") || is_op("...")) unsupported(peek(), "a relative import");
    Span module_span;
    const std::string module = dotted_name(module_span);
    expect_word("import");
    if (is_op("*")) unsupported(peek(), "'import *'");
    const bool parenthesised = accept_op("(");
    do {
      if (parenthesised && is_op(")")) break;
      ImportFrom node;
      node.module = module;
      node.module_span = module_span;
      node.name_span = peek().span;
      node.name = node.bound_name = identifier();
      if (accept_word("as")) node.bound_name = identifier();
      add(block, first, std::move(node));
    } while (accept_op(","));
    if (parenthesised) expect_op(")");
  }

  // ---- expressions
  /// One expression, or several with commas: a tuple. Starred elements are allowed.
  ExpressionPtr expression_list() {
    const std::uint32_t begin = peek().span.begin;
    auto first = starred_or_expression();
    if (!is_op(",")) {
      if (first->as<Starred>()) source_.fail(first->span, "can't use starred expression here");
      return first;
    }
    TupleDisplay tuple;
    tuple.elements.push_back(std::move(first));
    while (accept_op(",")) {
      if (!starts_expression()) break;
      tuple.elements.push_back(starred_or_expression());
    }
    const int depth = depth_of_all(tuple.elements);
    return make(begin, std::move(tuple), depth);
  }
  bool starts_expression() const {
    const Token& t = peek();
    switch (t.kind) {
      case TokenKind::name: case TokenKind::integer: case TokenKind::floating: case TokenKind::string: return true;
      case TokenKind::keyword:
        return t.text == "None" || t.text == "True" || t.text == "False" || t.text == "not" || t.text == "lambda" ||
               t.text == "await" || t.text == "yield";
      case TokenKind::op:
        return t.text == "(" || t.text == "[" || t.text == "{" || t.text == "+" || t.text == "-" || t.text == "~" ||
               t.text == "*" || t.text == "...";
      default: return false;
    }
  }
  ExpressionPtr starred_or_expression() {
    const std::uint32_t begin = peek().span.begin;
    if (!accept_op("*")) return expression();
    auto value = bitwise_or();
    const int depth = depth_of(value);
    return make(begin, Starred{std::move(value)}, depth);
  }
  /// The targets of `for` and `del`: no operators, so that `in` is left for the statement.
  ExpressionPtr target_list() {
    const std::uint32_t begin = peek().span.begin;
    if (is_op("*")) fail(peek(), "a starred target is not supported");
    auto first = primary();
    if (!is_op(",")) return first;
    TupleDisplay tuple;
    tuple.elements.push_back(std::move(first));
    while (accept_op(",")) {
      if (is_word("in") || is_op("=") || ends_statement()) break;
      tuple.elements.push_back(primary());
    }
    const int depth = depth_of_all(tuple.elements);
    return make(begin, std::move(tuple), depth);
  }
  ExpressionPtr expression() {
    check_stack();
    const std::uint32_t begin = peek().span.begin;
    if (is_word("lambda")) return lambda();
    if (is_word("yield") || is_word("await")) unsupported(peek(), "'" + std::string(peek().text) + "'");
    auto value = logical_or();
    if (is_op(":=")) unsupported(peek(), "':='");
    if (!is_word("if")) return value;
    take();
    Conditional node;
    node.then = std::move(value);
    node.condition = logical_or();
    if (!is_word("else")) fail(peek(), "expected 'else' after 'if' expression");
    take();
    node.otherwise = expression();
    const int depth = std::max({depth_of(node.then), depth_of(node.condition), depth_of(node.otherwise)});
    return make(begin, std::move(node), depth);
  }
  ExpressionPtr lambda() {
    const std::uint32_t begin = take().span.begin;
    auto function = std::make_shared<FunctionDefinition>();
    function->name = "<lambda>";
    parameters(*function, ":", false);
    expect_op(":");
    function->expression = expression();
    function->span = {begin, last_end()};
    const int depth = depth_of(function->expression);
    return make(begin, Lambda{function}, depth);
  }
  ExpressionPtr logical(bool is_and) {
    const std::uint32_t begin = peek().span.begin;
    auto left = is_and ? logical_not() : logical(true);
    while (accept_word(is_and ? "and" : "or")) {
      auto right = is_and ? logical_not() : logical(true);
      const int depth = std::max(depth_of(left), depth_of(right));
      left = make(begin, Logical{is_and, std::move(left), std::move(right)}, depth);
    }
    return left;
  }
  ExpressionPtr logical_or() { return logical(false); }
  ExpressionPtr logical_not() {
    if (!is_word("not")) return comparison();
    check_stack();
    const std::uint32_t begin = take().span.begin;
    auto operand = logical_not();
    const int depth = depth_of(operand);
    return make(begin, Unary{UnaryOp::logical_not, std::move(operand)}, depth);
  }
  std::optional<CompareOp> comparison_op() {
    if (accept_word("in")) return CompareOp::in;
    if (is_word("not")) {
      if (peek(1).kind != TokenKind::keyword || peek(1).text != "in") return std::nullopt;
      take(), take();
      return CompareOp::not_in;
    }
    if (accept_word("is")) return accept_word("not") ? CompareOp::is_not : CompareOp::is;
    if (peek().kind != TokenKind::op) return std::nullopt;
    if (is_op("<>")) fail(peek(), "invalid syntax: write '!='");
    static const std::map<std::string_view, CompareOp> table = {
        {"==", CompareOp::equal}, {"!=", CompareOp::not_equal}, {"<", CompareOp::less},
        {"<=", CompareOp::less_equal}, {">", CompareOp::greater}, {">=", CompareOp::greater_equal}};
    const auto found = table.find(peek().text);
    if (found == table.end()) return std::nullopt;
    take();
    return found->second;
  }
  ExpressionPtr comparison() {
    const std::uint32_t begin = peek().span.begin;
    auto first = bitwise_or();
    Comparison node;
    int depth = depth_of(first);
    for (;;) {
      Span op_span = peek().span;
      const auto op = comparison_op();
      if (!op) break;
      op_span.end = last_end();
      auto operand = bitwise_or();
      depth = std::max(depth, depth_of(operand));
      node.links.push_back({*op, op_span, std::move(operand)});
    }
    if (node.links.empty()) return first;
    node.first = std::move(first);
    return make(begin, std::move(node), depth);
  }
  struct Level { std::string_view text; BinaryOp op; };
  /// Left-associative binary operators from the loosest (|) to the tightest (*).
  ExpressionPtr binary(std::size_t level) {
    static const std::vector<std::vector<Level>> levels = {
        {{"|", BinaryOp::bit_or}}, {{"^", BinaryOp::bit_xor}}, {{"&", BinaryOp::bit_and}},
        {{"<<", BinaryOp::left_shift}, {">>", BinaryOp::right_shift}},
        {{"+", BinaryOp::add}, {"-", BinaryOp::subtract}},
        {{"*", BinaryOp::multiply}, {"/", BinaryOp::divide}, {"//", BinaryOp::floor_divide}, {"%", BinaryOp::modulo}}};
    if (level == levels.size()) return factor();
    const std::uint32_t begin = peek().span.begin;
    auto left = binary(level + 1);
    for (;;) {
      if (is_op("@")) unsupported(peek(), "'@' (matrix multiplication)");
      const Level* found = nullptr;
      for (const Level& candidate : levels[level]) {
        if (is_op(candidate.text)) found = &candidate;
      }
      if (found == nullptr) return left;
      const Span op_span = take().span;
      auto right = binary(level + 1);
      const int depth = std::max(depth_of(left), depth_of(right));
      left = make(begin, Binary{found->op, std::move(left), std::move(right), op_span}, depth);
    }
  }
  ExpressionPtr bitwise_or() { return binary(0); }
  ExpressionPtr factor() {
    check_stack();
    const std::uint32_t begin = peek().span.begin;
    std::optional<UnaryOp> op;
    if (is_op("-")) op = UnaryOp::minus;
    else if (is_op("+")) op = UnaryOp::plus;
    else if (is_op("~")) op = UnaryOp::invert;
    if (op) {
      take();
      auto operand = factor();
      const int depth = depth_of(operand);
      return make(begin, Unary{*op, std::move(operand)}, depth);
    }
    auto base = primary();
    if (!is_op("**")) return base;
    const Span op_span = take().span;
    auto exponent = factor();
    const int depth = std::max(depth_of(base), depth_of(exponent));
    return make(begin, Binary{BinaryOp::power, std::move(base), std::move(exponent), op_span}, depth);
  }
  ExpressionPtr primary() {
    const std::uint32_t begin = peek().span.begin;
    auto value = atom();
    for (;;) {
      if (accept_op(".")) {
        const Span name_span = peek().span;
        std::string name = identifier();
        const int depth = depth_of(value);
        value = make(begin, Attribute{std::move(value), std::move(name), name_span}, depth);
      } else if (is_op("(")) {
        value = call(begin, std::move(value));
      } else if (accept_op("[")) {
        auto index = subscripts();
        expect_op("]");
        const int depth = std::max(depth_of(value), depth_of(index));
        value = make(begin, Subscript{std::move(value), std::move(index)}, depth);
      } else {
        return value;
      }
    }
  }
  ExpressionPtr call(std::uint32_t begin, ExpressionPtr callee) {
    expect_op("(");
    Call node;
    int depth = depth_of(callee);
    while (!is_op(")")) {
      Argument argument;
      argument.span = peek().span;
      if (accept_op("**")) {
        argument.kind = Argument::Kind::double_star;
        argument.value = expression();
      } else if (accept_op("*")) {
        argument.kind = Argument::Kind::star;
        argument.value = expression();
      } else if (peek().kind == TokenKind::name && peek(1).kind == TokenKind::op && peek(1).text == "=") {
        argument.kind = Argument::Kind::keyword;
        argument.name = std::string(take().text);
        take();
        argument.value = expression();
        for (const auto& other : node.arguments) {
          if (other.name == argument.name) source_.fail(argument.span, "keyword argument repeated: " + argument.name);
        }
      } else {
        argument.value = expression();
        if (is_word("for")) argument.value = comprehension(argument.span.begin, Comprehension::Kind::generator,
                                                           std::move(argument.value), nullptr);
        for (const auto& other : node.arguments) {
          if (other.kind == Argument::Kind::keyword || other.kind == Argument::Kind::double_star)
            source_.fail(argument.span, "positional argument follows keyword argument");
        }
      }
      depth = std::max(depth, depth_of(argument.value));
      node.arguments.push_back(std::move(argument));
      if (!accept_op(",")) break;
    }
    expect_op(")");
    node.callee = std::move(callee);
    return make(begin, std::move(node), depth);
  }
  ExpressionPtr subscripts() {
    const std::uint32_t begin = peek().span.begin;
    if (is_op("]")) fail(peek(), "invalid syntax: an index was expected");
    auto first = slice();
    if (!is_op(",")) return first;
    TupleDisplay tuple;
    tuple.elements.push_back(std::move(first));
    while (accept_op(",")) {
      if (is_op("]")) break;
      tuple.elements.push_back(slice());
    }
    const int depth = depth_of_all(tuple.elements);
    return make(begin, std::move(tuple), depth);
  }
  ExpressionPtr slice() {
    const std::uint32_t begin = peek().span.begin;
    ExpressionPtr start;
    if (!is_op(":")) {
      start = expression();
      if (!is_op(":")) return start;
    }
    take();
    SliceDisplay node;
    node.start = std::move(start);
    const auto ends = [&] { return is_op("]") || is_op(",") || is_op(":"); };
    if (!ends()) node.stop = expression();
    if (accept_op(":") && !ends()) node.step = expression();
    const int depth = std::max({depth_of(node.start), depth_of(node.stop), depth_of(node.step)});
    return make(begin, std::move(node), depth);
  }
  ExpressionPtr atom() {
    const Token token = peek();
    const std::uint32_t begin = token.span.begin;
    switch (token.kind) {
      case TokenKind::name: take(); return make(begin, Name{std::string(token.text)}, 0);
      case TokenKind::integer: take(); return make(begin, Constant{integer(token)}, 0);
      case TokenKind::floating: {
        take();
        std::string digits(token.text);
        std::erase(digits, '_');
        return make(begin, Constant{std::strtod(digits.c_str(), nullptr)}, 0);
      }
      case TokenKind::string: return strings();
      case TokenKind::keyword:
        if (token.text == "None") { take(); return make(begin, NoneLiteral{}, 0); }
        if (token.text == "True" || token.text == "False") { take(); return make(begin, Constant{token.text == "True"}, 0); }
        fail(token, "invalid syntax");
      case TokenKind::op:
        if (token.text == "(") return parenthesised();
        if (token.text == "[") return list_display();
        if (token.text == "{") return dict_display();
        if (token.text == "...") { take(); return make(begin, EllipsisLiteral{}, 0); }
        fail(token, "invalid syntax");
      case TokenKind::newline: case TokenKind::end: fail(token, "invalid syntax: the line ends too early");
      case TokenKind::indent: case TokenKind::dedent: fail(token, "invalid syntax");
    }
    fail(token, "invalid syntax");
  }
  std::int64_t integer(const Token& token) const {
    std::string digits(token.text);
    std::erase(digits, '_');
    int base = 10;
    if (digits.size() > 1 && digits[0] == '0') {
      const char c = digits[1];
      base = c == 'x' || c == 'X' ? 16 : c == 'o' || c == 'O' ? 8 : c == 'b' || c == 'B' ? 2 : 10;
      if (base != 10) digits.erase(0, 2);
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error == std::errc::result_out_of_range) fail(token, "integers beyond 64 bits are not supported");
    if (digits.empty() || end != digits.data() + digits.size()) fail(token, "invalid number");
    return value;
  }
  ExpressionPtr parenthesised() {
    check_stack();
    const std::uint32_t begin = take().span.begin;
    if (accept_op(")")) return make(begin, TupleDisplay{}, 0);
    auto first = starred_or_expression();
    if (is_word("for")) {
      auto generator = comprehension(begin, Comprehension::Kind::generator, std::move(first), nullptr);
      expect_op(")");
      return generator;
    }
    if (accept_op(")")) {
      if (first->as<Starred>()) source_.fail(first->span, "cannot use starred expression here");
      return first;
    }
    TupleDisplay tuple;
    tuple.elements.push_back(std::move(first));
    while (accept_op(",")) {
      if (is_op(")")) break;
      tuple.elements.push_back(starred_or_expression());
    }
    expect_op(")");
    const int depth = depth_of_all(tuple.elements);
    return make(begin, std::move(tuple), depth);
  }
  ExpressionPtr list_display() {
    check_stack();
    const std::uint32_t begin = take().span.begin;
    ListDisplay node;
    while (!is_op("]")) {
      node.elements.push_back(starred_or_expression());
      if (node.elements.size() == 1 && is_word("for")) {
        auto list = comprehension(begin, Comprehension::Kind::list, std::move(node.elements[0]), nullptr);
        expect_op("]");
        list->span.end = last_end();
        return list;
      }
      if (!accept_op(",")) break;
    }
    expect_op("]");
    const int depth = depth_of_all(node.elements);
    return make(begin, std::move(node), depth);
  }
  ExpressionPtr dict_display() {
    check_stack();
    const Token open = take();
    const std::uint32_t begin = open.span.begin;
    DictDisplay node;
    int depth = 0;
    while (!is_op("}")) {
      if (accept_op("**")) {
        node.entries.emplace_back(nullptr, bitwise_or());
      } else {
        auto key = starred_or_expression();
        if (!is_op(":")) unsupported(open, "a set");
        take();
        auto value = expression();
        if (node.entries.empty() && is_word("for")) {
          auto dict = comprehension(begin, Comprehension::Kind::dict, std::move(key), std::move(value));
          expect_op("}");
          dict->span.end = last_end();
          return dict;
        }
        node.entries.emplace_back(std::move(key), std::move(value));
      }
      depth = std::max({depth, depth_of(node.entries.back().first), depth_of(node.entries.back().second)});
      if (!accept_op(",")) break;
    }
    expect_op("}");
    return make(begin, std::move(node), depth);
  }
  ExpressionPtr comprehension(std::uint32_t begin, Comprehension::Kind kind, ExpressionPtr element, ExpressionPtr value) {
    Comprehension node;
    node.kind = kind;
    int depth = std::max(depth_of(element), depth_of(value));
    node.element = std::move(element);
    node.value = std::move(value);
    while (is_word("for")) {
      take();
      Comprehension::Clause clause;
      clause.target = target_list();
      check_target(*clause.target, "assign to");
      expect_word("in");
      clause.iterable = logical_or();
      depth = std::max(depth, depth_of(clause.iterable));
      while (accept_word("if")) {
        clause.conditions.push_back(logical_or());
        depth = std::max(depth, depth_of(clause.conditions.back()));
      }
      node.clauses.push_back(std::move(clause));
    }
    if (is_word("async")) unsupported(peek(), "'async'");
    return make(begin, std::move(node), depth);
  }

  // ---- strings
  /// Neighbouring string literals are one string; with an f-string among them, one f-string.
  ExpressionPtr strings() {
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
  static int depth_of_parts(const std::vector<FormatPart>& parts) {
    int depth = 0;
    for (const auto& part : parts) depth = std::max({depth, depth_of(part.value), depth_of_parts(part.format)});
    return depth;
  }
  static void append_text(std::vector<FormatPart>& parts, const std::string& text) {
    if (parts.empty() || parts.back().value) parts.emplace_back();
    parts.back().text += text;
  }
  /// Splits [span] of an f-string into text and fields. In a format spec a closing brace ends it, and there
  /// are no doubled braces.
  void format_parts(const Token& token, Span span, std::vector<FormatPart>& parts, bool in_spec) {
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
  /// One field from behind its '{'; returns the offset behind its '}'.
  std::uint32_t format_field(const Token& token, std::uint32_t begin, std::uint32_t end, std::vector<FormatPart>& parts) {
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
    Parser inner(source_, tokenize_expression(source_, {begin, i}), stack_);
    part.value = inner.whole_expression("f-string");
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

  const SourceText& source_;
  std::vector<Token> tokens_;
  const StackLimit& stack_;
  std::size_t at_ = 0;
  int loops_ = 0;
  int functions_ = 0;
};

}  // namespace

Block parse(const SourceText& source) {
  const StackLimit stack;
  return Parser(source, tokenize(source), stack).script();
}

const char* symbol(BinaryOp op) {
  static constexpr const char* symbols[] = {"+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"};
  return symbols[static_cast<int>(op)];
}
const char* symbol(CompareOp op) {
  static constexpr const char* symbols[] = {"==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"};
  return symbols[static_cast<int>(op)];
}

}  // namespace rankine::script
