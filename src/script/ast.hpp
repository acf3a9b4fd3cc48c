#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "script/source_text.hpp"

namespace rankine::script {

struct Expression;
struct Statement;
using ExpressionPtr = std::unique_ptr<Expression>;
using Block = std::vector<std::unique_ptr<Statement>>;

enum class UnaryOp : std::uint8_t { plus, minus, invert, logical_not };
enum class BinaryOp : std::uint8_t {
  add, subtract, multiply, divide, floor_divide, modulo, power,
  bit_and, bit_or, bit_xor, left_shift, right_shift,
};
enum class CompareOp : std::uint8_t {
  equal, not_equal, less, less_equal, greater, greater_equal, in, not_in, is, is_not,
};
/// "+", "//" ... and "==", "not in" ...
const char* symbol(BinaryOp op);
const char* symbol(CompareOp op);

struct Name { std::string id; };
struct NoneLiteral {};
struct EllipsisLiteral {};
struct Constant { std::variant<bool, std::int64_t, double, std::string> value; };
/// Literal text and replacement fields of an f-string; `format` is again a list of such parts.
struct FormatPart {
  std::string text;              ///< where `value` is null
  ExpressionPtr value;
  char conversion = 0;           ///< 'r', 's', 'a' or 0
  std::vector<FormatPart> format;
};
struct FormattedString { std::vector<FormatPart> parts; };
struct ListDisplay { std::vector<ExpressionPtr> elements; };
struct TupleDisplay { std::vector<ExpressionPtr> elements; };
struct SetDisplay { std::vector<ExpressionPtr> elements; };
struct DictDisplay { std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries; };  ///< null key: **value
struct Starred { ExpressionPtr value; };
struct Unary { UnaryOp op; ExpressionPtr operand; };
struct Binary { BinaryOp op; ExpressionPtr left, right; Span op_span; };
struct Logical { bool is_and; ExpressionPtr left, right; };
struct Comparison {
  ExpressionPtr first;
  struct Link { CompareOp op; Span op_span; ExpressionPtr operand; };
  std::vector<Link> links;
};
struct Conditional { ExpressionPtr condition, then, otherwise; };
struct Argument {
  enum class Kind : std::uint8_t { positional, keyword, star, double_star } kind = Kind::positional;
  std::string name;
  Span span;
  ExpressionPtr value;
};
struct Call { ExpressionPtr callee; std::vector<Argument> arguments; };
struct Attribute { ExpressionPtr object; std::string name; Span name_span; };
struct Subscript { ExpressionPtr object, index; };
struct SliceDisplay { ExpressionPtr start, stop, step; };  ///< any may be null
struct Parameter {
  enum class Kind : std::uint8_t { normal, keyword_only, star, double_star } kind = Kind::normal;
  std::string name;
  ExpressionPtr default_value;   ///< or null
};
struct FunctionDefinition {
  Span span;                     ///< of the whole definition, decorators left out
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  ExpressionPtr expression;      ///< lambda: its body
};
/// (name := value)
struct NamedExpression { std::string name; ExpressionPtr value; };
struct Lambda { std::shared_ptr<FunctionDefinition> function; };
struct Comprehension {
  enum class Kind : std::uint8_t { list, set, dict, generator } kind = Kind::list;
  ExpressionPtr element;         ///< key for dict
  ExpressionPtr value;           ///< dict only
  struct Clause { ExpressionPtr target, iterable; std::vector<ExpressionPtr> conditions; };
  std::vector<Clause> clauses;
};

struct Expression {
  using Node = std::variant<Name, NoneLiteral, EllipsisLiteral, Constant, FormattedString, ListDisplay, TupleDisplay,
                            SetDisplay, DictDisplay, Starred, Unary, Binary, Logical, Comparison, Conditional, Call, Attribute,
                            Subscript, SliceDisplay, Lambda, Comprehension, NamedExpression>;
  Node node;
  Span span;
  int depth = 1;                 ///< of the tree below; bounded by the parser
  template <typename T> const T* as() const { return std::get_if<T>(&node); }
};

struct ExpressionStatement { ExpressionPtr value; };
struct Assign { std::vector<ExpressionPtr> targets; ExpressionPtr value; };
struct AugmentedAssign { ExpressionPtr target; BinaryOp op; Span op_span; ExpressionPtr value; };
struct For { ExpressionPtr target, iterable; Block body, otherwise; };
struct While { ExpressionPtr condition; Block body, otherwise; };
struct If { ExpressionPtr condition; Block body, otherwise; };
struct With { struct Item { ExpressionPtr context, target; }; std::vector<Item> items; Block body; };
struct Define { std::shared_ptr<FunctionDefinition> function; std::vector<ExpressionPtr> decorators = {}; };
/// class Name: methods and assignments, no bases.
struct DefineClass { std::string name; Block body; };
struct Return { ExpressionPtr value; };
struct Break {};
struct Continue {};
struct Pass {};
struct Import { std::string module; std::string bound_name; bool has_alias = false; Span module_span; };
struct ImportFrom { std::string module, name, bound_name; Span module_span, name_span; };
struct Assert { ExpressionPtr condition, message; };
/// Without a value: what is being handled is raised again.
struct Raise { ExpressionPtr value, cause; };
struct Try {
  struct Handler {
    ExpressionPtr type;          ///< null: everything
    std::string name;            ///< bound while it runs; empty: none
    Span span;
    Block body;
  };
  Block body;
  std::vector<Handler> handlers;
  Block otherwise, finally;
};
/// global a, b; nonlocal a
struct OuterNames { bool is_global = true; std::vector<std::string> names; };
struct Delete { std::vector<ExpressionPtr> targets; };

struct Statement {
  using Node = std::variant<ExpressionStatement, Assign, AugmentedAssign, For, While, If, With, Define, DefineClass, Return, Break,
                            Continue, Pass, Import, ImportFrom, Assert, Raise, Try, OuterNames, Delete>;
  Node node;
  Span span;
  std::vector<std::string> named;  ///< bound by := in its expressions, not in the statements of its blocks
};

}  // namespace rankine::script
