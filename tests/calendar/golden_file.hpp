#pragma once
#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "calendar/timeline.hpp"

/// Lines of a golden file made by generate_goldens.py, split at '|'.
inline std::vector<std::vector<std::string>> golden_lines(const std::string& name) {
  std::ifstream in(std::string(RANKINE_SOURCE_DIR) + "/tests/calendar/" + name);
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == '|') fields.emplace_back();
      else fields.back() += c;
    }
    lines.push_back(std::move(fields));
  }
  return lines;
}

template <typename T>
std::vector<T> numbers_in(const std::string& text) {
  std::istringstream in(text);
  std::vector<T> values;
  for (std::string word; in >> word;) {
    if constexpr (std::is_floating_point_v<T>) values.push_back(static_cast<T>(std::strtod(word.c_str(), nullptr)));
    else values.push_back(static_cast<T>(std::stoll(word)));
  }
  return values;
}

template <typename T>
std::string joined(const std::vector<T>& values) {
  std::string text;
  for (const T value : values) text += (text.empty() ? "" : " ") + std::to_string(value);
  return text;
}

inline rankine::calendar::Timeline timeline_of(const std::string& kind) {
  using namespace rankine::calendar;
  return kind == "dt64" ? Timeline::datetime64() : Timeline::cftime(parse_calendar(kind));
}

inline std::string kind_of(rankine::calendar::Timeline timeline) {
  return timeline.is_datetime64() ? "dt64" : std::string(name_of(timeline.calendar));
}
