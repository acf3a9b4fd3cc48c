#pragma once
#include <concepts>
#include <string>
#include <vector>

#include "rankine/labelled.hpp"

namespace rankine {

/// A DataArray, a Dataset or a number: what may stand beside an operator.
class Operand {
 public:
  Operand(const DataArray& x) : value_(x) {}
  Operand(const Dataset& x) : value_(x) {}
  template <std::floating_point T>
  Operand(T value) : value_(static_cast<double>(value)) {}
  template <std::integral T>
  Operand(T value) : value_(static_cast<std::int64_t>(value)) {}
  const std::variant<DataArray, Dataset, double, std::int64_t>& value() const { return value_; }

 private:
  std::variant<DataArray, Dataset, double, std::int64_t> value_;
};

template <class T>
concept LabelledValue = std::same_as<T, DataArray> || std::same_as<T, Dataset>;
template <class T>
concept Number = std::integral<T> || std::floating_point<T>;
/// Two operands of which one at least is labelled.
template <class A, class B>
concept Operands = (LabelledValue<A> && (LabelledValue<B> || Number<B>)) || (Number<A> && LabelledValue<B>);
/// A Dataset if one of the two is one.
template <class A, class B>
using Combined = std::conditional_t<std::same_as<A, Dataset> || std::same_as<B, Dataset>, Dataset, DataArray>;

enum class Operation : std::uint8_t {
  add, subtract, multiply, divide, equal, not_equal, less, less_equal, greater, greater_equal, bitwise_and, bitwise_or
};

/// Operators as xarray has them: broadcasting by dim name, inner join of indexes, attributes dropped.
template <LabelledValue T>
T binary(Operation operation, const Operand& left, const Operand& right);
/// Each position with the value of its group; `other` has the groups' labels along the groups' dim.
template <LabelledValue T>
T binary(Operation operation, const GroupBy<T>& group, const T& other);

template <class A, class B> requires Operands<A, B>
Combined<A, B> operator+(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::add, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator-(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::subtract, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator*(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::multiply, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator/(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::divide, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator==(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::equal, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator!=(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::not_equal, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator<(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::less, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator<=(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::less_equal, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator>(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::greater, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator>=(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::greater_equal, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator&(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::bitwise_and, a, b); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> operator|(const A& a, const B& b) { return binary<Combined<A, B>>(Operation::bitwise_or, a, b); }

template <LabelledValue T>
T operator+(const GroupBy<T>& group, const T& other) { return binary(Operation::add, group, other); }
template <LabelledValue T>
T operator-(const GroupBy<T>& group, const T& other) { return binary(Operation::subtract, group, other); }
template <LabelledValue T>
T operator*(const GroupBy<T>& group, const T& other) { return binary(Operation::multiply, group, other); }
template <LabelledValue T>
T operator/(const GroupBy<T>& group, const T& other) { return binary(Operation::divide, group, other); }

/// A NumPy ufunc by its name: "sqrt", "arctan2", "deg2rad", "isnan". Attributes of the first operand are kept.
/// Throws UnsupportedError for an unknown name, UsageError for a wrong number of operands.
template <LabelledValue T>
T ufunc(const std::string& name, const std::vector<Operand>& operands);

/// NumPy's negative: the dtype stays, and so do name and attributes.
template <LabelledValue T>
T operator-(const T& x) { return ufunc<T>("negative", {x}); }
template <LabelledValue T> T sqrt(const T& x) { return ufunc<T>("sqrt", {x}); }
template <LabelledValue T> T exp(const T& x) { return ufunc<T>("exp", {x}); }
template <LabelledValue T> T log(const T& x) { return ufunc<T>("log", {x}); }
template <LabelledValue T> T log10(const T& x) { return ufunc<T>("log10", {x}); }
template <LabelledValue T> T sin(const T& x) { return ufunc<T>("sin", {x}); }
template <LabelledValue T> T cos(const T& x) { return ufunc<T>("cos", {x}); }
template <LabelledValue T> T tan(const T& x) { return ufunc<T>("tan", {x}); }
template <LabelledValue T> T abs(const T& x) { return ufunc<T>("abs", {x}); }
template <LabelledValue T> T floor(const T& x) { return ufunc<T>("floor", {x}); }
template <LabelledValue T> T ceil(const T& x) { return ufunc<T>("ceil", {x}); }
template <LabelledValue T> T deg2rad(const T& x) { return ufunc<T>("deg2rad", {x}); }
template <LabelledValue T> T rad2deg(const T& x) { return ufunc<T>("rad2deg", {x}); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> minimum(const A& a, const B& b) { return ufunc<Combined<A, B>>("minimum", {a, b}); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> maximum(const A& a, const B& b) { return ufunc<Combined<A, B>>("maximum", {a, b}); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> hypot(const A& a, const B& b) { return ufunc<Combined<A, B>>("hypot", {a, b}); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> arctan2(const A& a, const B& b) { return ufunc<Combined<A, B>>("arctan2", {a, b}); }
template <class A, class B> requires Operands<A, B>
Combined<A, B> power(const A& a, const B& b) { return ufunc<Combined<A, B>>("power", {a, b}); }

/// xr.where: `x` where `condition` is true, else `y`.
DataArray where(const DataArray& condition, const Operand& x, const Operand& y);
/// xr.concat along `dim`, an existing or a new one.
DataArray concat(const std::vector<DataArray>& parts, const std::string& dim);
Dataset concat(const std::vector<Dataset>& parts, const std::string& dim);
/// xr.merge: outer join; gaps are filled, conflicts are errors.
Dataset merge(const std::vector<Dataset>& parts);

}  // namespace rankine
