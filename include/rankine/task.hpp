#pragma once
#include <cstdint>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rankine/future.hpp"
#include "rankine/serialise.hpp"

/// Makes a function a task: RANKINE_TASK(simulate); at namespace scope, once, after its declaration. Every rank runs the same
/// program, so a task travels as its number; no code is shipped. Two tasks of one name are an error at the start.
/// Parameters and result are values (or const references): anything that rankine::Serialise knows.
#define RANKINE_TASK(...)                                                                                      \
  [[maybe_unused]] static const bool RANKINE_DETAIL_JOIN(rankine_task_, __COUNTER__) =                         \
      ::rankine::detail::name_task(::rankine::detail::TaskOf<&__VA_ARGS__>::entry(), #__VA_ARGS__)
#define RANKINE_DETAIL_JOIN(a, b) RANKINE_DETAIL_JOIN_AGAIN(a, b)
#define RANKINE_DETAIL_JOIN_AGAIN(a, b) a##b

namespace rankine::detail {

using Inputs = std::span<const std::span<const std::byte>>;

/// A function as every rank knows it. Numbered in the order of the names when the job starts.
struct TaskEntry {
  std::string name;
  Bytes (*run)(std::span<const std::byte> arguments, Inputs inputs) = nullptr;
  std::string (*describe)(const std::string& name, std::span<const std::byte> arguments) = nullptr;
  bool is_named = false;
  std::uint32_t number = 0;
};
/// Before main.
TaskEntry& add_task(const char* generic_name, decltype(TaskEntry::run) run, decltype(TaskEntry::describe) describe);
bool name_task(TaskEntry& entry, const char* name);

// An argument is a value, a future (the number of an input), or a list of futures.
enum class ArgumentKind : std::uint8_t { value, future, futures };

template <class T>
struct IsFuture : std::false_type {};
template <class T>
struct IsFuture<Future<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

/// Short values as text, for messages.
template <class T>
std::string text_of(const T& value) {
  constexpr std::size_t longest = 40;
  std::string text;
  if constexpr (std::is_same_v<T, bool>) {
    text = value ? "true" : "false";
  } else if constexpr (std::is_convertible_v<const T&, std::string>) {
    text = '"' + std::string(value) + '"';
  } else if constexpr (IsVector<T>::value) {
    text = "[";
    for (std::size_t i = 0; i < value.size() && i < 4; ++i) text += (i == 0 ? "" : ", ") + text_of<typename T::value_type>(value[i]);
    text += value.size() > 4 ? ", ... " + std::to_string(value.size()) + " in all]" : "]";
    return text;
  } else if constexpr (requires(std::ostringstream& out) { out << value; }) {
    std::ostringstream out;
    out << value;
    text = out.str();
  } else {
    text = "...";
  }
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

template <class P>
P read_argument(InBytes& in, Inputs inputs) {
  const auto kind = Serialise<ArgumentKind>::read(in);
  if (kind == ArgumentKind::value) return Serialise<P>::read(in);
  if (kind == ArgumentKind::future) return from_bytes<P>(inputs[Serialise<std::uint32_t>::read(in)]);
  if constexpr (IsVector<P>::value) {
    P values;
    const std::size_t count = in.count();
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) values.push_back(from_bytes<typename P::value_type>(inputs[Serialise<std::uint32_t>::read(in)]));
    return values;
  } else {
    throw Error(ExitCode::internal, "a list of futures for a parameter that is no vector");
  }
}

template <class P>
std::string describe_argument(InBytes& in) {
  const auto kind = Serialise<ArgumentKind>::read(in);
  if (kind == ArgumentKind::value) return text_of<P>(Serialise<P>::read(in));
  if (kind == ArgumentKind::future) {
    Serialise<std::uint32_t>::read(in);
    return "a future";
  }
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count; ++i) Serialise<std::uint32_t>::read(in);
  return std::to_string(count) + " futures";
}

template <class F>
struct Signature {
  static_assert(sizeof(F) == 0, "a task is a function; lambdas and function objects are none");
};
template <class R, class... P>
struct Signature<R (*)(P...)> {
  static_assert((... && (!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>)),
                "parameters of a task are values or const references");
  using Result = std::decay_t<R>;
  using Parameters = std::tuple<std::decay_t<P>...>;
  static constexpr std::size_t parameter_count = sizeof...(P);

  template <auto F>
  static Bytes run(std::span<const std::byte> arguments, Inputs inputs) {
    InBytes in(arguments);
    Parameters parameters{read_argument<std::decay_t<P>>(in, inputs)...};
    if constexpr (std::is_void_v<Result>) {
      std::apply(F, std::move(parameters));
      return {};
    } else {
      return to_bytes<Result>(std::apply(F, std::move(parameters)));
    }
  }
  static std::string describe(const std::string& name, std::span<const std::byte> arguments) {
    InBytes in(arguments);
    std::string text = name + "(";
    [[maybe_unused]] bool first = true;
    ((text += (std::exchange(first, false) ? "" : ", ") + describe_argument<std::decay_t<P>>(in)), ...);
    return text + ")";
  }
};
template <class R, class... P>
struct Signature<R (*)(P...) noexcept> : Signature<R (*)(P...)> {};

template <auto F>
constexpr const char* generic_name() { return __PRETTY_FUNCTION__; }

/// Instantiated, hence registered, by RANKINE_TASK and by whoever submits F.
template <auto F>
struct TaskOf {
  using Of = Signature<decltype(F)>;
  static TaskEntry& entry() {
    static TaskEntry& added = add_task(generic_name<F>(), &Of::template run<F>, &Of::describe);
    return added;
  }
  /// Uses of it have it initialised before main, on every rank.
  static inline const bool is_registered = (entry(), true);
  static const TaskEntry& registered_entry() {
    (void)&is_registered;
    return entry();
  }
};

}  // namespace rankine::detail
