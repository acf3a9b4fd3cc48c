#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rankine::array {

/// Positions by name in a vector of (name, value) pairs, for lists too long to be searched from the front each time: files
/// have thousands of variables and tens of thousands of attributes. Short lists need no table and have none. By hash
/// alone, so that copies of list and index stay true.
class NameIndex {
 public:
  static constexpr std::size_t npos = SIZE_MAX;

  template <typename Item>
  std::size_t find(const std::vector<Item>& items, std::string_view name) const {
    if (items.size() <= searched_from_front) {
      for (std::size_t i = 0; i < items.size(); ++i)
        if (items[i].first == name) return i;
      return npos;
    }
    const auto [begin, end] = positions_.equal_range(hash(name));
    for (auto at = begin; at != end; ++at)
      if (items[at->second].first == name) return at->second;
    return npos;
  }

  /// An item has been put behind the others.
  template <typename Item>
  void on_append(const std::vector<Item>& items) {
    if (items.size() <= searched_from_front) return;
    if (positions_.empty()) return rebuild(items);
    positions_.emplace(hash(items.back().first), static_cast<std::uint32_t>(items.size() - 1));
  }

  /// Items have gone or moved.
  template <typename Item>
  void rebuild(const std::vector<Item>& items) {
    positions_.clear();
    if (items.size() <= searched_from_front) return;
    positions_.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) positions_.emplace(hash(items[i].first), static_cast<std::uint32_t>(i));
  }

 private:
  static constexpr std::size_t searched_from_front = 24;
  static std::size_t hash(std::string_view name) { return std::hash<std::string_view>{}(name); }
  std::unordered_multimap<std::size_t, std::uint32_t> positions_;
};

}  // namespace rankine::array
