#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "rankine/error.hpp"

namespace rankine {

/// Bytes that values are written to, one behind the other.
class OutBytes {
 public:
  void raw(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  void count(std::size_t value) {
    const std::uint64_t wide = value;
    raw(&wide, sizeof wide);
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Bytes that values are read from, in the order in which they were written. Reading beyond the end throws.
class InBytes {
 public:
  explicit InBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  void raw(void* data, std::size_t size) {
    if (size > bytes_.size()) throw Error(ExitCode::internal, "serialised values end too early: is what is read what was written?");
    if (size != 0) std::memcpy(data, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }
  /// Of elements of at least one byte each (zero for empty types).
  std::size_t count() {
    std::uint64_t wide = 0;
    raw(&wide, sizeof wide);
    return static_cast<std::size_t>(wide);
  }
  std::size_t remaining() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

/// How values of T travel between ranks. Trivially copyable types, strings and the standard containers do already;
/// specialise it for your own types:
///
///     template <> struct rankine::Serialise<Station> {
///       static void write(OutBytes& out, const Station& s) { rankine::write(out, s.name, s.heights); }
///       static Station read(InBytes& in) { Station s; rankine::read(in, s.name, s.heights); return s; }
///     };
///
/// All ranks run one program on one kind of machine: trivially copyable values go as they lie in memory.
template <class T, class = void>
struct Serialise {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>,
                "tell Rankine how this type travels between ranks: specialise rankine::Serialise<T>, see rankine/serialise.hpp");
  static void write(OutBytes& out, const T& value) { out.raw(&value, sizeof value); }
  static T read(InBytes& in) {
    if constexpr (std::is_default_constructible_v<T>) {
      T value;
      in.raw(&value, sizeof value);
      return value;
    } else {
      alignas(T) std::byte place[sizeof(T)];
      in.raw(place, sizeof place);
      return *reinterpret_cast<T*>(place);
    }
  }
};

/// Several values, one behind the other.
template <class... T>
void write(OutBytes& out, const T&... values) { (Serialise<T>::write(out, values), ...); }
template <class... T>
void read(InBytes& in, T&... values) { ((values = Serialise<T>::read(in)), ...); }

template <class T>
std::vector<std::byte> to_bytes(const T& value) {
  OutBytes out;
  Serialise<T>::write(out, value);
  return out.take();
}
/// Throws Error where bytes are left over.
template <class T>
T from_bytes(std::span<const std::byte> bytes) {
  InBytes in(bytes);
  T value = Serialise<T>::read(in);
  if (in.remaining() != 0) throw Error(ExitCode::internal, "serialised values have bytes left over: is what is read what was written?");
  return value;
}

namespace detail {

template <class T>
inline constexpr bool travels_as_it_lies = std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool>;

/// Containers that grow by insertion at their end.
template <class Container, class Element = typename Container::value_type>
struct SerialiseEach {
  static void write(OutBytes& out, const Container& values) {
    out.count(values.size());
    for (const auto& value : values) Serialise<Element>::write(out, value);
  }
  static Container read(InBytes& in) {
    Container values;
    for (std::size_t left = in.count(); left != 0; --left) values.insert(values.end(), Serialise<Element>::read(in));
    return values;
  }
};

}  // namespace detail

template <>
struct Serialise<std::string> {
  static void write(OutBytes& out, const std::string& text) { out.count(text.size()); out.raw(text.data(), text.size()); }
  static std::string read(InBytes& in) {
    const std::size_t size = in.count();
    if (size > in.remaining()) throw Error(ExitCode::internal, "serialised values end too early: is what is read what was written?");
    std::string text(size, '\0');
    in.raw(text.data(), size);
    return text;
  }
};

template <class T>
struct Serialise<std::vector<T>> {
  static void write(OutBytes& out, const std::vector<T>& values) {
    if constexpr (detail::travels_as_it_lies<T>) {
      out.count(values.size());
      out.raw(values.data(), values.size() * sizeof(T));
    } else {
      detail::SerialiseEach<std::vector<T>>::write(out, values);
    }
  }
  static std::vector<T> read(InBytes& in) {
    if constexpr (detail::travels_as_it_lies<T>) {
      const std::size_t count = in.count();
      if (count > in.remaining() / sizeof(T)) throw Error(ExitCode::internal, "serialised values end too early: is what is read what was written?");
      std::vector<T> values(count);
      in.raw(values.data(), count * sizeof(T));
      return values;
    } else {
      return detail::SerialiseEach<std::vector<T>>::read(in);
    }
  }
};

template <class T, std::size_t N>
struct Serialise<std::array<T, N>> {
  static void write(OutBytes& out, const std::array<T, N>& values) {
    for (const T& value : values) Serialise<T>::write(out, value);
  }
  static std::array<T, N> read(InBytes& in) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::array<T, N>{((void)I, Serialise<T>::read(in))...};
    }(std::make_index_sequence<N>());
  }
};

template <class A, class B>
struct Serialise<std::pair<A, B>> {
  static void write(OutBytes& out, const std::pair<A, B>& value) { rankine::write(out, value.first, value.second); }
  static std::pair<A, B> read(InBytes& in) {
    return std::pair<A, B>{Serialise<std::remove_const_t<A>>::read(in), Serialise<B>::read(in)};
  }
};
template <class T>
struct Serialise<const T> : Serialise<T> {};

template <class... T>
struct Serialise<std::tuple<T...>> {
  static void write(OutBytes& out, const std::tuple<T...>& value) {
    std::apply([&](const T&... parts) { rankine::write(out, parts...); }, value);
  }
  static std::tuple<T...> read(InBytes& in) { return std::tuple<T...>{Serialise<T>::read(in)...}; }
};

template <class T>
struct Serialise<std::optional<T>> {
  static void write(OutBytes& out, const std::optional<T>& value) {
    Serialise<std::uint8_t>::write(out, value.has_value() ? 1 : 0);
    if (value) Serialise<T>::write(out, *value);
  }
  static std::optional<T> read(InBytes& in) {
    if (Serialise<std::uint8_t>::read(in) == 0) return std::nullopt;
    return Serialise<T>::read(in);
  }
};

template <class... T>
struct Serialise<std::variant<T...>> {
  using Value = std::variant<T...>;
  static void write(OutBytes& out, const Value& value) {
    out.count(value.index());
    std::visit([&]<class Held>(const Held& held) { Serialise<Held>::write(out, held); }, value);
  }
  static Value read(InBytes& in) {
    const std::size_t index = in.count();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      std::optional<Value> value;
      ((I == index ? (void)value.emplace(std::in_place_index<I>, Serialise<std::variant_alternative_t<I, Value>>::read(in)) : (void)0), ...);
      if (!value) throw Error(ExitCode::internal, "a serialised variant has no such alternative");
      return *std::move(value);
    }(std::index_sequence_for<T...>());
  }
};

template <class K, class V, class C>
struct Serialise<std::map<K, V, C>> : detail::SerialiseEach<std::map<K, V, C>> {};
template <class K, class V, class C>
struct Serialise<std::multimap<K, V, C>> : detail::SerialiseEach<std::multimap<K, V, C>> {};
template <class K, class V, class H, class E>
struct Serialise<std::unordered_map<K, V, H, E>> : detail::SerialiseEach<std::unordered_map<K, V, H, E>> {};
template <class K, class C>
struct Serialise<std::set<K, C>> : detail::SerialiseEach<std::set<K, C>> {};
template <class K, class H, class E>
struct Serialise<std::unordered_set<K, H, E>> : detail::SerialiseEach<std::unordered_set<K, H, E>> {};

}  // namespace rankine
