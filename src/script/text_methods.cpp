#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

const std::string& self(const Arguments& args) { return *args.self.text(); }
constexpr const char* blanks = " \t\n\r\f\v";

std::string strip(const Arguments& args, bool left, bool right) {
  const std::string& text = self(args);
  const std::string set = args.given("chars") ? to_text(args.get("chars"), "chars") : blanks;
  const std::size_t begin = left ? text.find_first_not_of(set) : 0;
  if (begin == std::string::npos) return "";
  const std::size_t end = right ? text.find_last_not_of(set) : text.size() - 1;
  return text.empty() || end == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

Values split_blanks(const std::string& text, std::int64_t limit) {
  Values parts;
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string::npos;) {
    if (limit >= 0 && static_cast<std::int64_t>(parts.size()) == limit) {
      parts.push_back(text.substr(at, text.find_last_not_of(blanks) - at + 1));
      break;
    }
    const std::size_t end = std::min(text.find_first_of(blanks, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(blanks, end);
  }
  return parts;
}

Value split(Interpreter&, const Arguments& args) {
  const std::string& text = self(args);
  const std::int64_t limit = args.given("maxsplit") ? to_integer(args.get("maxsplit"), "maxsplit") : -1;
  if (!args.given("sep")) return make_list(split_blanks(text, limit));
  const std::string sep = to_text(args.get("sep"), "sep");
  if (sep.empty()) throw UsageError("empty separator");
  Values parts;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(sep, at)) != std::string::npos &&
                          (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit); at = found + sep.size())
    parts.push_back(text.substr(at, found - at));
  parts.push_back(text.substr(at));
  return make_list(std::move(parts));
}

Value rsplit(Interpreter&, const Arguments& args) {
  std::string text = self(args);
  if (!args.given("sep")) throw UnsupportedError("rsplit() without sep is not supported");
  const std::string sep = to_text(args.get("sep"), "sep");
  if (sep.empty()) throw UsageError("empty separator");
  const std::int64_t limit = args.given("maxsplit") ? to_integer(args.get("maxsplit"), "maxsplit") : -1;
  Values parts;
  for (std::size_t found; (found = text.rfind(sep)) != std::string::npos &&
                          (limit < 0 || static_cast<std::int64_t>(parts.size()) < limit); text.resize(found))
    parts.push_back(text.substr(found + sep.size()));
  parts.push_back(text);
  std::reverse(parts.begin(), parts.end());
  return make_list(std::move(parts));
}

bool any_affix(const Value& affixes, const std::function<bool(const std::string&)>& matches) {
  if (const auto tuple = affixes.as<TupleObject>())
    return std::any_of(tuple->elements.begin(), tuple->elements.end(),
                       [&](const Value& v) { return matches(to_text(v, "an element of the tuple")); });
  return matches(to_text(affixes, "the argument"));
}

Value replace(Interpreter&, const Arguments& args) {
  const std::string& text = self(args);
  const std::string from = to_text(args.get("old"), "old");
  const std::string to = to_text(args.get("new"), "new");
  std::int64_t left = args.given("count") ? to_integer(args.get("count"), "count") : -1;
  if (from.empty()) throw UnsupportedError("replace() of an empty text is not supported");
  std::size_t places = 0;
  for (std::size_t found = 0; (found = text.find(from, found)) != std::string::npos; found += from.size()) ++places;
  if (left >= 0) places = std::min(places, static_cast<std::size_t>(left));
  ask_room(places, to.size());
  ask_room(text.size(), 1);
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; left != 0 && (found = text.find(from, at)) != std::string::npos; at = found + from.size(), --left)
    out.append(text, at, found - at).append(to);
  return out.append(text, at);
}

std::string mapped(const std::string& text, int (*f)(int)) {
  std::string out = text;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(f(c));
  }
  return out;
}
bool every(const std::string& text, int (*f)(int)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) { return f(c) != 0; });
}

/// The value that a field of str.format names: "0", "name", "a.b", "a[0]".
Value field_value(Interpreter& in, const std::string& field, const Arguments& args, std::size_t& next) {
  const std::size_t end = std::min(field.find_first_of(".["), field.size());
  const std::string head = field.substr(0, end);
  Value value;
  if (head.empty() || std::all_of(head.begin(), head.end(), [](unsigned char c) { return std::isdigit(c); })) {
    const std::size_t number = head.empty() ? next++ : std::stoul(head.substr(0, 6));
    if (number >= args.rest.size())
      throw IndexError("Replacement index " + std::to_string(number) + " out of range for positional args tuple");
    value = args.rest[number];
  } else {
    const auto found = std::find_if(args.keywords.begin(), args.keywords.end(), [&](const auto& k) { return k.first == head; });
    if (found == args.keywords.end()) raise_key_error(head, "'" + head + "'");
    value = found->second;
  }
  for (std::size_t i = end; i < field.size();) {
    if (field[i] == '.') {
      const std::size_t stop = std::min(field.find_first_of(".[", i + 1), field.size());
      value = in.attribute(value, field.substr(i + 1, stop - i - 1));
      i = stop;
    } else {
      const std::size_t stop = field.find(']', i);
      if (stop == std::string::npos) throw UsageError("Missing ']' in format string");
      const std::string key = field.substr(i + 1, stop - i - 1);
      const bool number = every(key, std::isdigit);
      value = get_item(in, value, number ? Value(static_cast<std::int64_t>(std::stoll(key.substr(0, 18)))) : Value(key));
      i = stop + 1;
    }
  }
  return value;
}

std::string format_text(Interpreter& in, const std::string& text, const Arguments& args, std::size_t& next, int depth) {
  if (depth > 2) throw UsageError("Max string recursion exceeded");
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c != '{' && c != '}') { out += c; ++i; continue; }
    if (i + 1 < text.size() && text[i + 1] == c) { out += c; i += 2; continue; }
    if (c == '}') throw UsageError("Single '}' encountered in format string");
    std::size_t end = i + 1;
    for (int braces = 0; end < text.size(); ++end) {
      if (text[end] == '{') ++braces;
      else if (text[end] == '}' && braces-- == 0) break;
    }
    if (end >= text.size()) throw UsageError("expected '}' before end of string");
    const std::string field = text.substr(i + 1, end - i - 1);
    const std::size_t colon = std::min(field.find(':'), field.size());
    std::string name = field.substr(0, colon);
    char conversion = 0;
    if (const std::size_t mark = name.find('!'); mark != std::string::npos) {
      conversion = mark + 1 < name.size() ? name[mark + 1] : '\0';
      name.resize(mark);
    }
    Value value = field_value(in, name, args, next);
    const std::string spec = colon < field.size() ? format_text(in, field.substr(colon + 1), args, next, depth + 1) : "";
    if (conversion == 'r') value = repr_of(in, value);
    else if (conversion == 's') value = text_of(in, value);
    else if (conversion != 0) throw UsageError("Unknown conversion specifier");
    out += format_value(in, value, spec);
    i = end + 1;
  }
  return out;
}

Value justified(const Arguments& args, char align) {
  const std::string& text = self(args);
  const std::int64_t width = to_integer(args.get("width"), "width");
  const std::string fill = args.given("fillchar") ? to_text(args.get("fillchar"), "fillchar") : " ";
  std::string left, right;
  ask_room(static_cast<std::uint64_t>(std::max<std::int64_t>(width, 0)), fill.size());
  std::int64_t missing = width - static_cast<std::int64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  // str.center gives the odd blank to the left only if the width is odd.
  const std::int64_t before = align == '<' ? 0 : align == '>' ? missing : missing / 2 + (missing & width & 1);
  for (std::int64_t i = 0; i < missing; ++i) (i < before ? left : right) += fill;
  return left + text + right;
}

}  // namespace

void add_text_methods(BindingTable& table) {
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::text, name, signature, result, f);
  };
  add("format", "*args, **kwargs", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    std::size_t next = 0;
    return format_text(in, self(args), args, next, 0);
  });
  add("join", "iterable", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    const Values parts = elements_of(in, args.get("iterable"));
    std::size_t bytes = 0;
    for (const Value& part : parts) {
      if (part.text() == nullptr) to_text(part, "an element to join");  // which says what it is
      bytes += part.text()->size() + self(args).size();
    }
    ask_room(bytes, 1);
    std::string out;
    out.reserve(bytes);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i != 0) out += self(args);
      out += *parts[i].text();
    }
    return out;
  });
  add("split", "sep=, maxsplit=", Type::list, split);
  add("rsplit", "sep=, maxsplit=", Type::list, rsplit);
  add("splitlines", "", Type::list, [](Interpreter&, const Arguments& args) -> Value {
    Values lines;
    const std::string& text = self(args);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return make_list(std::move(lines));
  });
  add("startswith", "prefix", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    return any_affix(args.get("prefix"), [&](const std::string& p) { return self(args).starts_with(p); });
  });
  add("endswith", "suffix", Type::boolean, [](Interpreter&, const Arguments& args) -> Value {
    return any_affix(args.get("suffix"), [&](const std::string& s) { return self(args).ends_with(s); });
  });
  add("replace", "old, new, count=", Type::text, replace);
  // Texts of char arrays are bytes in NumPy, which scripts decode; here they are texts already.
  add("decode", "encoding=, errors=", Type::text, [](Interpreter&, const Arguments& args) -> Value { return self(args); });
  add("upper", "", Type::text, [](Interpreter&, const Arguments& args) -> Value { return mapped(self(args), std::toupper); });
  add("lower", "", Type::text, [](Interpreter&, const Arguments& args) -> Value { return mapped(self(args), std::tolower); });
  add("capitalize", "", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    std::string text = mapped(self(args), std::tolower);
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
  });
  add("title", "", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    std::string text = self(args);
    bool inside = false;
    for (char& c : text) {
      const auto u = static_cast<unsigned char>(c);
      c = static_cast<char>(inside ? std::tolower(u) : std::toupper(u));
      inside = std::isalpha(u) != 0;
    }
    return text;
  });
  add("strip", "chars=", Type::text, [](Interpreter&, const Arguments& args) -> Value { return strip(args, true, true); });
  add("lstrip", "chars=", Type::text, [](Interpreter&, const Arguments& args) -> Value { return strip(args, true, false); });
  add("rstrip", "chars=", Type::text, [](Interpreter&, const Arguments& args) -> Value { return strip(args, false, true); });
  add("removeprefix", "prefix", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const std::string prefix = to_text(args.get("prefix"), "prefix");
    return self(args).starts_with(prefix) ? self(args).substr(prefix.size()) : self(args);
  });
  add("removesuffix", "suffix", Type::text, [](Interpreter&, const Arguments& args) -> Value {
    const std::string suffix = to_text(args.get("suffix"), "suffix");
    return self(args).ends_with(suffix) ? self(args).substr(0, self(args).size() - suffix.size()) : self(args);
  });
  add("find", "sub", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    const std::size_t at = self(args).find(to_text(args.get("sub"), "sub"));
    return at == std::string::npos ? std::int64_t{-1} : static_cast<std::int64_t>(at);
  });
  add("count", "sub", Type::integer, [](Interpreter&, const Arguments& args) -> Value {
    const std::string sub = to_text(args.get("sub"), "sub");
    if (sub.empty()) throw UnsupportedError("count() of an empty text is not supported");
    std::int64_t count = 0;
    for (std::size_t at = 0; (at = self(args).find(sub, at)) != std::string::npos; at += sub.size()) ++count;
    return count;
  });
  add("isdigit", "", Type::boolean, [](Interpreter&, const Arguments& args) -> Value { return every(self(args), std::isdigit); });
  add("isalpha", "", Type::boolean, [](Interpreter&, const Arguments& args) -> Value { return every(self(args), std::isalpha); });
  add("ljust", "width, fillchar=", Type::text, [](Interpreter&, const Arguments& args) { return justified(args, '<'); });
  add("rjust", "width, fillchar=", Type::text, [](Interpreter&, const Arguments& args) { return justified(args, '>'); });
  add("center", "width, fillchar=", Type::text, [](Interpreter&, const Arguments& args) { return justified(args, '^'); });
  add("zfill", "width", Type::text, [](Interpreter& in, const Arguments& args) -> Value {
    std::string text = self(args);
    const std::int64_t missing = to_integer(args.get("width"), "width") - length(in, args.self);
    if (missing <= 0) return text;
    ask_room(static_cast<std::uint64_t>(missing) + text.size(), 1);
    text.insert(!text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0, static_cast<std::size_t>(missing), '0');
    return text;
  });
}

}  // namespace rankine::script
