#include "array/attributes.hpp"

#include <algorithm>
#include <cstddef>

namespace rankine::array {

const AttributeValue* Attributes::find(const std::string& name) const {
  const std::size_t at = index_.find(items_, name);
  return at == NameIndex::npos ? nullptr : &items_[at].second;
}

void Attributes::set(const std::string& name, AttributeValue value) {
  if (const std::size_t at = index_.find(items_, name); at != NameIndex::npos) {
    items_[at].second = std::move(value);
    return;
  }
  items_.emplace_back(name, std::move(value));
  index_.on_append(items_);
}

void Attributes::erase(const std::string& name) {
  const std::size_t at = index_.find(items_, name);
  if (at == NameIndex::npos) return;
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
  index_.rebuild(items_);
}

const std::string* Attributes::text(const std::string& name) const {
  const AttributeValue* value = find(name);
  return value == nullptr ? nullptr : std::get_if<std::string>(value);
}

bool Attributes::number(const std::string& name, double& out) const {
  const AttributeValue* value = find(name);
  const NdArray* numbers = value == nullptr ? nullptr : std::get_if<NdArray>(value);
  if (numbers == nullptr || numbers->size() == 0 || numbers->dtype() == DType::string) return false;
  out = numbers->as_double(0);
  return true;
}

bool identical(const AttributeValue& a, const AttributeValue& b) {
  if (a.index() != b.index()) return false;
  if (const auto* numbers = std::get_if<NdArray>(&a)) return rankine::identical(*numbers, std::get<NdArray>(b));
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  return std::get<std::vector<std::string>>(a) == std::get<std::vector<std::string>>(b);
}

bool identical(const Attributes& a, const Attributes& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const Attributes::Item& item) {
    const AttributeValue* other = b.find(item.first);
    return other != nullptr && identical(item.second, *other);
  });
}

}  // namespace rankine::array
