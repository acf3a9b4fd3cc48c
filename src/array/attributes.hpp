#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "array/name_index.hpp"
#include "grid/nd_array.hpp"

namespace rankine::array {

/// One attribute: text, several texts, or numbers: an NdArray of shape {} for one value, (n,) for more.
using AttributeValue = std::variant<std::string, std::vector<std::string>, NdArray>;

/// Attributes (or an encoding) in file order, with a dict's access by name.
class Attributes {
 public:
  using Item = std::pair<std::string, AttributeValue>;
  Attributes() = default;
  Attributes(std::initializer_list<Item> items) : items_(items) { index_.rebuild(items_); }
  const AttributeValue* find(const std::string& name) const;
  bool contains(const std::string& name) const { return find(name) != nullptr; }
  /// Replaces in place or appends.
  void set(const std::string& name, AttributeValue value);
  void erase(const std::string& name);
  /// The text, or nullptr if it is missing or not a text.
  const std::string* text(const std::string& name) const;
  /// The first number as double, if it is there and a number.
  bool number(const std::string& name, double& out) const;
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<Item> items_;
  NameIndex index_;
};

/// Same type and value (NaN equals NaN).
bool identical(const AttributeValue& a, const AttributeValue& b);
/// Same names, in any order, with identical values.
bool identical(const Attributes& a, const Attributes& b);

}  // namespace rankine::array
