#include "script/source_text.hpp"

#include <algorithm>
#include <optional>

#include "base/near_name.hpp"

namespace rankine::script {

SourceText::SourceText(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  if (text_.size() > (std::size_t{16} << 20))
    throw UnsupportedError(name_ + ": a script of more than 16 MiB is not supported");
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

namespace {
bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }
}  // namespace

SourceText::Place SourceText::place(std::uint32_t offset) const {
  offset = std::min<std::uint32_t>(offset, static_cast<std::uint32_t>(text_.size()));
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto start = *(next - 1);
  const auto column = std::count_if(text_.begin() + start, text_.begin() + offset, starts_character);
  return {static_cast<int>(next - line_starts_.begin()), static_cast<int>(column) + 1};
}

std::string SourceText::line(int number) const {
  const std::uint32_t start = line_starts_[static_cast<std::size_t>(number - 1)];
  return text_.substr(start, std::min(text_.find_first_of("\r\n", start), text_.size()) - start);
}

std::string SourceText::describe(Span span, const std::string& message) const {
  const Place at = place(span.begin);
  std::string result = name_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " + message;
  const std::uint32_t start = line_starts_[static_cast<std::size_t>(at.line - 1)];
  std::size_t end = text_.find_first_of("\r\n", start);
  if (end == std::string::npos) end = text_.size();
  if (text_.find_first_not_of(" \t", start) >= end) return result;
  // Tabs are kept in the caret's line, so that both lines are indented alike on any terminal.
  std::string caret;
  for (std::uint32_t i = start; i < span.begin && i < end; ++i) {
    if (starts_character(text_[i])) caret += text_[i] == '\t' ? '\t' : ' ';
  }
  return result + "\n    " + text_.substr(start, end - start) + "\n    " + caret + "^";
}

void SourceText::fail(Span span, const std::string& message) const {
  const Place at = place(span.begin);
  throw ScriptError(name_, at.line, at.column, message, describe(span, message));
}

std::string did_you_mean(const std::string& name, const std::vector<std::string>& known) {
  const std::optional<std::string> near = near_name(name, known);
  return near ? ", did you mean '" + *near + "'?" : "";
}

}  // namespace rankine::script
