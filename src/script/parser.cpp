#include "script/parser.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "script/expression_parser.hpp"

namespace rankine::script {

namespace {

class StatementParser : private ExpressionParser {
 public:
  StatementParser(const SourceText& source, std::vector<Token> tokens, const StackLimit& stack)
      : ExpressionParser(source, std::move(tokens), stack) {}

  Block script() {
    Block block;
    while (peek().kind != TokenKind::end) next_statement(block);
    return block;
  }
  /// What cannot be read goes into `script`, and what follows is read all the same.
  void gather_problems(ParsedScript& script) { gathered_ = &script; }

 private:
  /// A statement; where problems are gathered, one that cannot be read is noted and left out.
  void next_statement(Block& block) {
    if (gathered_ == nullptr) return statement(block);
    const std::size_t first = at_;
    const int loops = loops_, functions = functions_, lambdas = lambdas_;
    try {
      statement(block);
    } catch (const ScriptError& error) {
      loops_ = loops, functions_ = functions, lambdas_ = lambdas;
      note(error);
      go_on_after(first, block);
    }
  }
  /// One word a logical line is enough, and that of the characters comes before that of the grammar.
  void note(const ScriptError& error) {
    std::size_t end = at_;
    while (end + 1 < tokens_.size() && tokens_[end].kind != TokenKind::newline) ++end;
    std::size_t begin = at_;
    while (begin > 0 && tokens_[begin - 1].kind != TokenKind::newline) --begin;
    const int first = source_.place(tokens_[begin].span.begin).line, last = source_.place(tokens_[end].span.begin).line;
    const bool known = std::any_of(gathered_->problems.begin(), gathered_->problems.end(),
                                   [&](const Refusal& r) { return r.line >= first && r.line <= last; });
    if (!known) gathered_->problems.push_back(make_refusal(error));
  }
  void go_on_after(std::size_t first, Block& block) {
    for (std::size_t i = first; i < at_; ++i) note_name(i);
    // What was read up to the end of a line lacked what should stand in the next one, which is a statement of its own.
    const bool at_line = at_ > first && (tokens_[at_ - 1].kind == TokenKind::newline || tokens_[at_ - 1].kind == TokenKind::dedent);
    if (!at_line) skip_line(block);
    // Its else, except ... have lost their beginning.
    while (is_word("elif") || is_word("else") || is_word("except") || is_word("finally")) skip_line(block);
  }
  void note_name(std::size_t index) {
    const Token& token = tokens_[index];
    if (token.kind == TokenKind::name) gathered_->unread_names.insert(std::string(token.text));
    if (token.text == "*" && index > 0) gathered_->may_bind_anything |= tokens_[index - 1].text == "import";
  }
  /// To the end of the line, and through the block below it, whose statements are looked at: they may happen or not.
  void skip_line(Block& block) {
    while (peek().kind != TokenKind::newline && peek().kind != TokenKind::end && peek().kind != TokenKind::indent) {
      note_name(at_);
      take();
    }
    if (peek().kind == TokenKind::newline) take();
    if (peek().kind != TokenKind::indent) return;
    const Token inner = take();
    If node;
    node.condition = make(inner.span.begin, NoneLiteral{}, 0);
    ++loops_, ++functions_;
    while (peek().kind != TokenKind::dedent && peek().kind != TokenKind::end) next_statement(node.body);
    --loops_, --functions_;
    if (peek().kind == TokenKind::dedent) take();
    if (!node.body.empty()) add(block, inner, std::move(node));
  }

  void statement(Block& block) {
    check_stack();
    struct Restore {
      std::vector<std::string>& names;
      std::vector<std::string> outer;
      ~Restore() { names = std::move(outer); }
    } restore{named_, std::exchange(named_, {})};
    const Token& token = peek();
    if (token.kind == TokenKind::indent) fail(token, "unexpected indent");
    if (token.kind == TokenKind::keyword) {
      if (token.text == "if") return add(block, token, if_statement());
      if (token.text == "for") return add(block, token, for_statement());
      if (token.text == "while") return add(block, token, while_statement());
      if (token.text == "def") return add(block, token, definition());
      if (token.text == "with") return add(block, token, with_statement());
      if (token.text == "try") return add(block, token, try_statement());
      if (token.text == "class") return add(block, token, class_definition());
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
    s->named = std::exchange(named_, {});
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
        if (!ends_statement()) node.value = expression();
        if (node.value && accept_word("from")) node.cause = expression();
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
      if (word == "global" || word == "nonlocal") {
        take();
        if (word == "nonlocal" && functions_ == 0) fail(first, "nonlocal declaration not allowed at module level");
        OuterNames node{word == "global", {}};
        do node.names.push_back(identifier()); while (accept_op(","));
        return add(block, first, std::move(node));
      }
      if (word == "yield")
        source_.fail(first.span, "'yield' (generator functions) is not supported; append to a list and return it");
      if (word == "await")
        unsupported(first, "'" + std::string(word) + "'");
      if (word == "except" || word == "finally" || word == "elif" || word == "else")
        fail(first, "invalid syntax: '" + std::string(word) + "' without its beginning");
    }
    expression_statement(block);
  }
  void expression_statement(Block& block) {
    const Token first = peek();
    auto value = expression_list();
    if (value->as<NamedExpression>() && value->span.begin == first.span.begin) fail(first, "invalid syntax: ':=' needs parentheses here");
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
      if (is_word("yield")) source_.fail(peek().span, "'yield' is not supported; append to a list and return it");
      node.targets.push_back(expression_list());
    }
    node.value = std::move(node.targets.back());
    node.targets.pop_back();
    add(block, first, std::move(node));
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
    while (peek().kind != TokenKind::dedent && peek().kind != TokenKind::end) next_statement(body);
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
  Try try_statement() {
    take();
    Try node;
    node.body = block("'try'");
    while (is_word("except")) {
      Try::Handler handler;
      const Token first = take();
      if (is_op("*")) unsupported(peek(), "'except*'");
      if (!node.handlers.empty() && !node.handlers.back().type) fail(first, "default 'except:' must be last");
      if (!is_op(":")) {
        handler.type = expression();
        if (accept_word("as")) handler.name = identifier();
      }
      handler.span = {first.span.begin, last_end()};
      handler.body = block("'except'");
      node.handlers.push_back(std::move(handler));
    }
    if (!node.handlers.empty() && accept_word("else")) node.otherwise = block("'else'");
    if (accept_word("finally")) node.finally = block("'finally'");
    else if (node.handlers.empty()) fail(peek(), "expected 'except' or 'finally' block");
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
    if (is_word("class")) source_.fail(peek().span, "a decorated class is not supported; write its __init__ and methods");
    if (is_word("async")) unsupported(peek(), "'async'");
    if (!is_word("def")) fail(peek(), "expected 'def' after a decorator");
    Define node = definition();
    node.decorators = std::move(decorators);
    return node;
  }
  /// A body of methods and assignments; bases other than object are not there.
  DefineClass class_definition() {
    take();
    DefineClass node;
    node.name = identifier();
    if (accept_op("(")) {
      if (peek().kind == TokenKind::name && peek().text == "object") take();
      if (!is_op(")")) source_.fail(peek().span, "a class with a base class is not supported; write all methods in one class");
      take();
    }
    const int loops = std::exchange(loops_, 0), functions = std::exchange(functions_, 0);
    node.body = block("a class definition");
    loops_ = loops;
    functions_ = functions;
    for (const auto& s : node.body) {
      const bool simple = std::holds_alternative<Define>(s->node) || std::holds_alternative<Assign>(s->node) ||
                          std::holds_alternative<Pass>(s->node) || std::holds_alternative<ExpressionStatement>(s->node);
      if (!simple) source_.fail(s->span, "a class body of other than methods and assignments is not supported");
    }
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

  int loops_ = 0;
  int functions_ = 0;
  ParsedScript* gathered_ = nullptr;
};

}  // namespace

Block parse(const SourceText& source) {
  const StackLimit stack;
  return StatementParser(source, tokenize(source), stack).script();
}

ParsedScript parse_all(const SourceText& source) {
  ParsedScript script;
  const StackLimit stack;
  std::vector<ScriptError> problems;
  try {
    std::vector<Token> tokens = tokenize(source, problems);
    for (const ScriptError& problem : problems) script.problems.push_back(make_refusal(problem));
    StatementParser parser(source, std::move(tokens), stack);
    parser.gather_problems(script);
    script.statements = parser.script();
  } catch (const ScriptError& error) {
    // Nested beyond reading: nothing below can be told apart.
    script.problems.push_back(make_refusal(error));
  }
  return script;
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
