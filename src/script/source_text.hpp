#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "script/script.hpp"

namespace rankine::script {

/// A half-open range of bytes of the script's text. Line and column are worked out when asked for.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// A script and its name; turns places into diagnostics.
class SourceText {
 public:
  SourceText(std::string name, std::string text);
  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  struct Place { int line; int column; };
  /// Both from 1; columns count characters, not bytes.
  Place place(std::uint32_t offset) const;
  /// "anomaly.py:7:12: message", the line, and a caret under the place.
  std::string describe(Span span, const std::string& message) const;
  /// Line `number` (from 1) without its end.
  std::string line(int number) const;
  [[noreturn]] void fail(Span span, const std::string& message) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::uint32_t> line_starts_;
};

/// ", did you mean 'groupby'?" for the nearest of `known`, or nothing if none is near.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& known);

}  // namespace rankine::script
