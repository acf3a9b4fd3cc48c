#include <cmath>

#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/operations.hpp"
#include "script/random_state.hpp"

namespace rankine::script {

namespace {

void seed(Interpreter& in, RandomState& state, const Value& number) {
  if (number.is_none()) {
    state.seed_by_key(in.host().entropy());
    return;
  }
  if (number.integer() == nullptr && number.boolean() == nullptr && !state.numpy)
    throw TypeError("a seed must be an int here, not " + std::string(name_of(number.type())));
  const std::int64_t n = to_integer(number, "a seed");
  if (state.numpy && (n < 0 || n > 0xffffffffLL)) throw UsageError("Seed must be between 0 and 2**32 - 1");
  if (state.numpy) state.seed_by_number(static_cast<std::uint32_t>(n));
  else state.seed_by_key(n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n));
}

/// The generator of a call: the module's own, seeded from the machine at first use, or an object's.
RandomState& state_of(Interpreter& in, const Arguments& args) {
  if (const auto object = args.self.as<RandomState>()) return *object;
  auto& state = args.self.type() == Type::numpy_random ? in.numpy_random : in.random;
  if (!state) {
    state = std::make_shared<RandomState>();
    state->numpy = args.self.type() == Type::numpy_random;
    state->seed_by_key(in.host().entropy());
  }
  return *state;
}

Value make_state(Interpreter& in, const Value& number, bool numpy) {
  auto state = std::make_shared<RandomState>();
  state->numpy = numpy;
  seed(in, *state, number);
  return state;
}

Value seed_call(Interpreter& in, const Arguments& args) {
  seed(in, state_of(in, args), args.get("a"));
  return {};
}

std::size_t element_position(RandomState& state, std::size_t size) {
  if (size == 0) throw IndexError("Cannot choose from an empty sequence");
  return static_cast<std::size_t>(state.below(size));
}

Value choice(Interpreter& in, const Arguments& args) {
  const Values elements = elements_of(in, args.get("seq"));
  return elements[element_position(state_of(in, args), elements.size())];
}

Value randrange(Interpreter& in, const Arguments& args) {
  std::int64_t start = 0, stop = to_integer(args.get("start"), "start");
  if (args.given("stop")) {
    start = stop;
    stop = to_integer(args.get("stop"), "stop");
  }
  const std::int64_t step = args.given("step") ? to_integer(args.get("step"), "step") : 1;
  RangeObject range;
  range.start = start;
  range.stop = stop;
  range.step = step;
  if (step == 0 || range.size() <= 0) throw UsageError("empty range for randrange()");
  return start + step * static_cast<std::int64_t>(state_of(in, args).below(static_cast<std::uint64_t>(range.size())));
}

Value randint(Interpreter& in, const Arguments& args) {
  const std::int64_t a = to_integer(args.get("a"), "a"), b = to_integer(args.get("b"), "b");
  if (b < a) throw UsageError("empty range for randrange()");
  return a + static_cast<std::int64_t>(state_of(in, args).below(static_cast<std::uint64_t>(b - a) + 1));
}

Value shuffle(Interpreter& in, const Arguments& args) {
  const auto list = args.get("x").as<ListObject>();
  if (!list) throw TypeError("shuffle() takes a list");
  RandomState& state = state_of(in, args);
  for (std::size_t i = list->elements.size(); i-- > 1;)
    std::swap(list->elements[i], list->elements[static_cast<std::size_t>(state.below(i + 1))]);
  return {};
}

void add_python_random(BindingTable& table, Type owner) {
  table.method(owner, "seed", "a=", Type::none, seed_call);
  table.method(owner, "random", "", Type::floating, [](Interpreter& in, const Arguments& args) -> Value { return state_of(in, args).next_double(); });
  table.method(owner, "uniform", "a, b", Type::floating, [](Interpreter& in, const Arguments& args) -> Value {
    const double a = to_double(args.get("a"), "a");
    return a + (to_double(args.get("b"), "b") - a) * state_of(in, args).next_double();
  });
  table.method(owner, "gauss", "mu=, sigma=", Type::floating, [](Interpreter& in, const Arguments& args) -> Value {
    const double mu = args.given("mu") ? to_double(args.get("mu"), "mu") : 0, sigma = args.given("sigma") ? to_double(args.get("sigma"), "sigma") : 1;
    return mu + state_of(in, args).gauss() * sigma;
  });
  table.method(owner, "randint", "a, b", Type::integer, randint);
  table.method(owner, "randrange", "start, stop=, step=", Type::integer, randrange);
  table.method(owner, "choice", "seq", any, choice);
  table.method(owner, "shuffle", "x", Type::none, shuffle);
}

// ---- numpy.random, the legacy generator

template <typename F>
Value drawn(Interpreter& in, const Value& size, F&& draw) {
  if (size.is_none()) return draw();
  NdArray values(DTypeOf<decltype(draw())>::value, to_shape(in, size));
  for (auto& value : values.values<decltype(draw())>()) value = draw();
  return make_array(std::move(values));
}

double number_or(const Arguments& args, const char* name, double otherwise) {
  return args.given(name) ? to_double(args.get(name), name) : otherwise;
}

Value rand_shape(Interpreter& in, const Arguments& args, bool normal) {
  RandomState& state = state_of(in, args);
  const Value size = args.rest.empty() ? Value() : make_tuple(args.rest);
  return drawn(in, size, [&] { return normal ? state.polar_gauss() : state.next_double(); });
}

void add_numpy_random(BindingTable& table) {
  table.property(Type::numpy, "random", Type::numpy_random,
                 [](Interpreter&, const Arguments&) -> Value { return std::make_shared<ModuleObject>(Type::numpy_random); });
  const Type owner = Type::numpy_random;
  table.method(owner, "seed", "a=", Type::none, seed_call);
  for (const char* name : {"random", "random_sample"})
    table.method(owner, name, "size=", any, [](Interpreter& in, const Arguments& args) -> Value {
      RandomState& state = state_of(in, args);
      return drawn(in, args.get("size"), [&] { return state.next_double(); });
    });
  table.method(owner, "rand", "*shape", any, [](Interpreter& in, const Arguments& args) { return rand_shape(in, args, false); });
  table.method(owner, "randn", "*shape", any, [](Interpreter& in, const Arguments& args) { return rand_shape(in, args, true); });
  table.method(owner, "uniform", "low=, high=, size=", any, [](Interpreter& in, const Arguments& args) -> Value {
    const double low = number_or(args, "low", 0), range = number_or(args, "high", 1) - low;
    RandomState& state = state_of(in, args);
    return drawn(in, args.get("size"), [&] { return low + range * state.next_double(); });
  });
  table.method(owner, "normal", "loc=, scale=, size=", any, [](Interpreter& in, const Arguments& args) -> Value {
    const double loc = number_or(args, "loc", 0), scale = number_or(args, "scale", 1);
    RandomState& state = state_of(in, args);
    return drawn(in, args.get("size"), [&] { return loc + scale * state.polar_gauss(); });
  });
  table.method(owner, "randint", "low, high=, size=", any, [](Interpreter& in, const Arguments& args) -> Value {
    std::int64_t low = 0, high = to_integer(args.get("low"), "low");
    if (args.given("high")) {
      low = high;
      high = to_integer(args.get("high"), "high");
    }
    if (high <= low) throw UsageError("low >= high");
    RandomState& state = state_of(in, args);
    return drawn(in, args.get("size"), [&] { return low + static_cast<std::int64_t>(state.up_to(static_cast<std::uint64_t>(high - low - 1))); });
  });
}

}  // namespace

void add_random(BindingTable& table) {
  add_python_random(table, Type::random);
  add_python_random(table, Type::random_state);
  table.method(Type::random, "Random", "x=", Type::random_state,
               [](Interpreter& in, const Arguments& args) { return make_state(in, args.get("x"), false); });
  add_numpy_random(table);

  table.method(Type::time, "sleep", "secs", Type::none, [](Interpreter& in, const Arguments& args) -> Value {
    const double seconds = to_double(args.get("secs"), "secs");
    if (!(seconds >= 0)) throw UsageError("sleep length must be non-negative");
    in.host().sleep(seconds);
    return {};
  });
  table.method(Type::time, "time", "", Type::floating, [](Interpreter& in, const Arguments&) -> Value { return in.host().wall_clock_s(); });
  for (const char* name : {"perf_counter", "monotonic"})
    table.method(Type::time, name, "", Type::floating, [](Interpreter& in, const Arguments&) -> Value { return in.host().steady_clock_s(); });
}

}  // namespace rankine::script
