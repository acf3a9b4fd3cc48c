#pragma once
#include <optional>
#include <string>
#include <vector>

namespace rankine {

/// The candidate that `word` is a slip of: one edit away (a letter too many, too few, wrong, or two swapped), in words of
/// eight letters and more two. More would be another word. The first of those that are equally near.
std::optional<std::string> near_name(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace rankine
