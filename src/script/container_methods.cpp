#include <algorithm>

#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"

namespace rankine::script {

namespace {

Values& elements(const Arguments& args) { return args.self.as<ListObject>()->elements; }
DictObject& dict(const Arguments& args) { return *args.self.as<DictObject>(); }
void check_mutable(const Arguments& args) {
  if (dict(args).frozen) throw UsageError("this mapping cannot be changed");
}

const Values& sequence(const Arguments& args) {
  if (const auto tuple = args.self.as<TupleObject>()) return tuple->elements;
  return elements(args);
}
Value index_of(Interpreter& in, const Arguments& args) {
  const Values& all = sequence(args);
  for (std::size_t i = 0; i < all.size(); ++i) {
    in.count();
    if (equal(in, all[i], args.get("value"))) return static_cast<std::int64_t>(i);
  }
  throw UsageError(repr_of(in, args.get("value")) + " is not in " + name_of(args.self.type()));
}
Value count_of(Interpreter& in, const Arguments& args) {
  std::int64_t count = 0;
  for (const Value& v : sequence(args)) {
    in.count();
    count += equal(in, v, args.get("value")) ? 1 : 0;
  }
  return count;
}

Value pop_list(Interpreter&, const Arguments& args) {
  Values& all = elements(args);
  if (all.empty()) throw IndexError("pop from empty list");
  std::int64_t i = args.given("index") ? to_integer(args.get("index"), "index") : -1;
  if (i < 0) i += static_cast<std::int64_t>(all.size());
  if (i < 0 || i >= static_cast<std::int64_t>(all.size())) throw IndexError("pop index out of range");
  Value value = all[static_cast<std::size_t>(i)];
  all.erase(all.begin() + i);
  return value;
}

void add_list(BindingTable& table) {
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::list, name, signature, result, f);
  };
  add("append", "value", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    Values& all = elements(args);
    if (all.size() == all.capacity()) ask_room(all.size(), 2 * sizeof(Value));
    all.push_back(args.get("value"));
    return {};
  });
  add("extend", "iterable", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    const Values more = elements_of(in, args.get("iterable"));
    ask_room(elements(args).size() + more.size(), sizeof(Value));
    elements(args).insert(elements(args).end(), more.begin(), more.end());
    return {};
  });
  add("insert", "index, value", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    Values& all = elements(args);
    const auto size = static_cast<std::int64_t>(all.size());
    std::int64_t i = to_integer(args.get("index"), "index");
    if (i < 0) i += size;
    all.insert(all.begin() + std::clamp<std::int64_t>(i, 0, size), args.get("value"));
    return {};
  });
  add("pop", "index=", any, pop_list);
  add("remove", "value", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    Values& all = elements(args);
    const Value position = index_of(in, args);
    all.erase(all.begin() + *position.integer());
    return {};
  });
  add("clear", "", Type::none, [](Interpreter&, const Arguments& args) -> Value { elements(args).clear(); return {}; });
  add("copy", "", Type::list, [](Interpreter&, const Arguments& args) -> Value {
    ask_room(elements(args).size(), sizeof(Value));
    return make_list(elements(args));
  });
  add("reverse", "", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    std::reverse(elements(args).begin(), elements(args).end());
    return {};
  });
  add("sort", "*, key=, reverse=", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    Keywords keywords;
    for (const char* name : {"key", "reverse"}) {
      if (args.find(name) != nullptr) keywords.emplace_back(name, args.get(name));
    }
    const Value sorted = in.call(in.attribute(std::make_shared<ModuleObject>(Type::builtins), "sorted"), {args.self}, keywords);
    elements(args) = sorted.as<ListObject>()->elements;
    return {};
  });
  for (const Type type : {Type::list, Type::tuple}) {
    table.method(type, "index", "value", Type::integer, index_of);
    table.method(type, "count", "value", Type::integer, count_of);
  }
}

Value make_view(const Arguments& args, Values elements) {
  auto view = std::make_shared<DictViewObject>();
  view->elements = std::move(elements);
  view->of = args.self.as<DictObject>();
  return view;
}

Value update_dict(Interpreter& in, const Arguments& args) {
  check_mutable(args);
  if (args.given("mapping")) {
    if (const auto other = args.get("mapping").as<DictObject>()) {
      const Values keys = other->keys();
      for (const Value& key : keys) dict(args).set(key, *other->find(key));
    } else {
      for (const Value& pair : elements_of(in, args.get("mapping"))) {
        const Values both = elements_of(in, pair);
        if (both.size() != 2) throw TypeError("update() needs a dict or pairs");
        dict(args).set(both[0], both[1]);
      }
    }
  }
  for (const auto& [key, value] : args.keywords) dict(args).set(key, value);
  return {};
}

void add_dict(BindingTable& table) {
  const auto add = [&](const char* name, const char* signature, TypeSet result, Binding::Function f) {
    table.method(Type::dict, name, signature, result, f);
  };
  add("keys", "", Type::list, [](Interpreter&, const Arguments& args) -> Value { return make_view(args, dict(args).keys()); });
  add("values", "", Type::list, [](Interpreter&, const Arguments& args) -> Value { return make_view(args, dict(args).values()); });
  add("items", "", Type::list, [](Interpreter& in, const Arguments& args) -> Value {
    Values pairs;
    dict(args).each([&](const Value& k, const Value& v) {
      in.count();
      pairs.push_back(make_tuple({k, v}));
    });
    return make_view(args, std::move(pairs));
  });
  add("get", "key, default=", any, [](Interpreter&, const Arguments& args) -> Value {
    const Value* found = dict(args).find(args.get("key"));
    return found != nullptr ? *found : args.get("default");
  });
  add("pop", "key, default=", any, [](Interpreter& in, const Arguments& args) -> Value {
    check_mutable(args);
    const Value* found = dict(args).find(args.get("key"));
    if (found == nullptr) {
      if (const Value* fallback = args.find("default")) return *fallback;
      raise_key_error(args.get("key"), repr_of(in, args.get("key")));
    }
    Value value = *found;
    dict(args).erase(args.get("key"));
    return value;
  });
  add("setdefault", "key, default=", any, [](Interpreter&, const Arguments& args) -> Value {
    check_mutable(args);
    if (const Value* found = dict(args).find(args.get("key"))) return *found;
    dict(args).set(args.get("key"), args.get("default"));
    return args.get("default");
  });
  add("update", "mapping=, **kwargs", Type::none, update_dict);
  add("clear", "", Type::none, [](Interpreter&, const Arguments& args) -> Value {
    check_mutable(args);
    dict(args).clear();
    return {};
  });
  add("copy", "", Type::dict, [](Interpreter&, const Arguments& args) -> Value {
    auto copy = std::make_shared<DictObject>();
    dict(args).each([&](const Value& k, const Value& v) { copy->set(k, v); });
    return copy;
  });
}

}  // namespace

void add_container_methods(BindingTable& table) {
  add_list(table);
  add_dict(table);
  table.property(Type::slice, "start", any, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<SliceObject>()->start; });
  table.property(Type::slice, "stop", any, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<SliceObject>()->stop; });
  table.property(Type::slice, "step", any, [](Interpreter&, const Arguments& a) -> Value { return a.self.as<SliceObject>()->step; });
}

}  // namespace rankine::script
