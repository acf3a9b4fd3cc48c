#include "script/expression_parser.hpp"

#include <charconv>
#include <cstdlib>
#include <map>

namespace rankine::script {

bool ExpressionParser::ends_statement() const {
  return peek().kind == TokenKind::newline || peek().kind == TokenKind::end || is_op(";");
}

void ExpressionParser::check_target(const Expression& e, const char* verb) const {
  if (e.as<Name>() || e.as<Attribute>() || e.as<Subscript>()) return;
  if (const auto* tuple = e.as<TupleDisplay>()) check_targets(tuple->elements, verb);
  else if (const auto* list = e.as<ListDisplay>()) check_targets(list->elements, verb);
  else if (e.as<Starred>()) source_.fail(e.span, "starred assignment target must be in a list or tuple");
  else source_.fail(e.span, std::string("cannot ") + verb + " this expression");
}

void ExpressionParser::check_targets(const std::vector<ExpressionPtr>& targets, const char* verb) const {
  bool starred = false;
  for (const auto& target : targets) {
    const auto* star = target->as<Starred>();
    if (star != nullptr && starred) source_.fail(target->span, "multiple starred expressions in assignment");
    if (star != nullptr && std::string(verb) == "delete") source_.fail(target->span, "cannot delete starred");
    starred |= star != nullptr;
    check_target(star != nullptr ? *star->value : *target, verb);
  }
}

void ExpressionParser::parameters(FunctionDefinition& function, std::string_view close, bool annotations) {
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

ExpressionPtr ExpressionParser::expression_list() {
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

bool ExpressionParser::starts_expression() const {
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

ExpressionPtr ExpressionParser::starred_or_expression() {
  const std::uint32_t begin = peek().span.begin;
  if (!accept_op("*")) return expression();
  auto value = bitwise_or();
  const int depth = depth_of(value);
  return make(begin, Starred{std::move(value)}, depth);
}

ExpressionPtr ExpressionParser::target_list() {
  const std::uint32_t begin = peek().span.begin;
  auto first = starred_or_target();
  if (!is_op(",")) return first;
  TupleDisplay tuple;
  tuple.elements.push_back(std::move(first));
  while (accept_op(",")) {
    if (is_word("in") || is_op("=") || ends_statement()) break;
    tuple.elements.push_back(starred_or_target());
  }
  const int depth = depth_of_all(tuple.elements);
  return make(begin, std::move(tuple), depth);
}

ExpressionPtr ExpressionParser::starred_or_target() {
  const std::uint32_t begin = peek().span.begin;
  if (!accept_op("*")) return primary();
  auto value = primary();
  const int depth = depth_of(value);
  return make(begin, Starred{std::move(value)}, depth);
}

ExpressionPtr ExpressionParser::expression() {
  check_stack();
  const std::uint32_t begin = peek().span.begin;
  if (is_word("lambda")) return lambda();
  if (is_word("yield")) source_.fail(peek().span, "'yield' (generator functions) is not supported; append to a list and return it");
  if (is_word("await")) unsupported(peek(), "'" + std::string(peek().text) + "'");
  auto value = logical_or();
  if (is_op(":=")) {
    const auto* name = value->as<Name>();
    if (name == nullptr) fail(peek(), "cannot use assignment expressions with this");
    if (lambdas_ != 0) unsupported(peek(), "':=' in a lambda");
    take();
    named_.push_back(name->id);
    NamedExpression node{name->id, expression()};
    const int depth = depth_of(node.value);
    return make(begin, std::move(node), depth);
  }
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

ExpressionPtr ExpressionParser::lambda() {
  const std::uint32_t begin = take().span.begin;
  auto function = std::make_shared<FunctionDefinition>();
  function->name = "<lambda>";
  parameters(*function, ":", false);
  expect_op(":");
  ++lambdas_;
  function->expression = expression();
  --lambdas_;
  function->span = {begin, last_end()};
  const int depth = depth_of(function->expression);
  return make(begin, Lambda{function}, depth);
}

ExpressionPtr ExpressionParser::logical(bool is_and) {
  const std::uint32_t begin = peek().span.begin;
  auto left = is_and ? logical_not() : logical(true);
  while (accept_word(is_and ? "and" : "or")) {
    auto right = is_and ? logical_not() : logical(true);
    const int depth = std::max(depth_of(left), depth_of(right));
    left = make(begin, Logical{is_and, std::move(left), std::move(right)}, depth);
  }
  return left;
}

ExpressionPtr ExpressionParser::logical_not() {
  if (!is_word("not")) return comparison();
  check_stack();
  const std::uint32_t begin = take().span.begin;
  auto operand = logical_not();
  const int depth = depth_of(operand);
  return make(begin, Unary{UnaryOp::logical_not, std::move(operand)}, depth);
}

std::optional<CompareOp> ExpressionParser::comparison_op() {
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

ExpressionPtr ExpressionParser::comparison() {
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

ExpressionPtr ExpressionParser::binary(std::size_t level) {
  static const std::vector<std::vector<Level>> levels = {
      {{"|", BinaryOp::bit_or}}, {{"^", BinaryOp::bit_xor}}, {{"&", BinaryOp::bit_and}},
      {{"<<", BinaryOp::left_shift}, {">>", BinaryOp::right_shift}},
      {{"+", BinaryOp::add}, {"-", BinaryOp::subtract}},
      {{"*", BinaryOp::multiply}, {"/", BinaryOp::divide}, {"//", BinaryOp::floor_divide}, {"%", BinaryOp::modulo}}};
  if (level == levels.size()) return factor();
  const std::uint32_t begin = peek().span.begin;
  auto left = binary(level + 1);
  for (;;) {
    if (is_op("@")) source_.fail(peek().span, "'@' (matrix multiplication) is not supported; write sums of products, (a * b).sum(...)");
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

ExpressionPtr ExpressionParser::factor() {
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

ExpressionPtr ExpressionParser::primary() {
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

ExpressionPtr ExpressionParser::call(std::uint32_t begin, ExpressionPtr callee) {
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

ExpressionPtr ExpressionParser::subscripts() {
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

ExpressionPtr ExpressionParser::slice() {
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

ExpressionPtr ExpressionParser::atom() {
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
      if (token.text == "{") return braces();
      if (token.text == "...") { take(); return make(begin, EllipsisLiteral{}, 0); }
      fail(token, "invalid syntax");
    case TokenKind::newline: case TokenKind::end: fail(token, "invalid syntax: the line ends too early");
    case TokenKind::indent: case TokenKind::dedent: fail(token, "invalid syntax");
  }
  fail(token, "invalid syntax");
}

std::int64_t ExpressionParser::integer(const Token& token) const {
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

ExpressionPtr ExpressionParser::parenthesised() {
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

ExpressionPtr ExpressionParser::list_display() {
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

ExpressionPtr ExpressionParser::braces() {
  check_stack();
  const std::uint32_t begin = take().span.begin;
  DictDisplay node;
  int depth = 0;
  while (!is_op("}")) {
    if (accept_op("**")) {
      node.entries.emplace_back(nullptr, bitwise_or());
    } else {
      auto key = starred_or_expression();
      if (node.entries.empty() && !is_op(":")) return set_display(begin, std::move(key));
      expect_op(":");
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

ExpressionPtr ExpressionParser::set_display(std::uint32_t begin, ExpressionPtr first) {
  if (is_word("for")) {
    auto set = comprehension(begin, Comprehension::Kind::set, std::move(first), nullptr);
    expect_op("}");
    set->span.end = last_end();
    return set;
  }
  SetDisplay node;
  node.elements.push_back(std::move(first));
  while (accept_op(",")) {
    if (is_op("}")) break;
    node.elements.push_back(starred_or_expression());
  }
  expect_op("}");
  const int depth = depth_of_all(node.elements);
  return make(begin, std::move(node), depth);
}

ExpressionPtr ExpressionParser::comprehension(std::uint32_t begin, Comprehension::Kind kind, ExpressionPtr element, ExpressionPtr value) {
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

}  // namespace rankine::script
