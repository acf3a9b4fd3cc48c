#include "report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace rankine::report {
namespace {

struct Part {
  std::string text;
  int importance;  ///< the least important leaves first when the line is too long
};

double share_done(const ProgressState& state) {
  if (state.tasks_total == 0) return 0;
  return static_cast<double>(state.tasks_done) / static_cast<double>(state.tasks_total);
}

/// Whole percent, rounded down: 100 % only when everything is done.
int percent_done(const ProgressState& state) {
  return static_cast<int>(std::floor(100 * share_done(state)));
}

std::string bar(double share) {
  constexpr std::size_t width = 20;
  const auto filled = static_cast<std::size_t>(share * width);
  std::string text(width, ' ');
  std::fill_n(text.begin(), filled, '=');
  if (filled < width) text[filled] = '>';
  return "[" + text + "]";
}

std::string memory_text(const ProgressState& state) {
  if (state.memory_limit.value == 0) return format_bytes(state.memory_held);
  return format_bytes(state.memory_held) + " of " + format_bytes(state.memory_limit);
}

}  // namespace

double eta_s(const ProgressState& state) {
  if (state.tasks_done == 0 || state.tasks_total == 0 || state.elapsed_s <= 0) return -1;
  const auto left = static_cast<double>(state.tasks_total - std::min(state.tasks_done, state.tasks_total));
  return state.elapsed_s * left / static_cast<double>(state.tasks_done);
}

std::string format_duration(double seconds) {
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::int64_t minutes = (whole + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string format_rate(Bytes bytes, double seconds) {
  if (seconds <= 0) return "-";
  return format_bytes(Bytes{static_cast<std::uint64_t>(static_cast<double>(bytes.value) / seconds)}) + "/s";
}

std::string progress_line(const ProgressState& state, unsigned columns) {
  std::vector<Part> parts;
  parts.push_back({bar(share_done(state)), 3});
  parts.push_back({fmt::format("{:3}%", percent_done(state)), 9});
  parts.push_back({fmt::format("{}/{} {}", state.tasks_done, state.tasks_total, state.what), 8});
  if (state.tasks_retried > 0) parts.push_back({fmt::format("{} retried", state.tasks_retried), 5});
  parts.push_back({format_bytes(state.bytes_read) + " read", 4});
  parts.push_back({format_rate(state.bytes_read, state.elapsed_s), 6});
  const double eta = eta_s(state);
  if (eta >= 0) parts.push_back({"ETA " + format_duration(eta), 7});
  parts.push_back({"mem " + memory_text(state), 2});

  const auto joined = [&] {
    std::string line;
    for (const Part& part : parts) line += (line.empty() ? "" : "  ") + part.text;
    return line;
  };
  std::string line = joined();
  while (line.size() > columns && parts.size() > 1) {
    parts.erase(std::min_element(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
      return a.importance < b.importance;
    }));
    line = joined();
  }
  return line.substr(0, columns);
}

std::string plain_line(const ProgressState& state) {
  std::string line = fmt::format("{}/{} {} ({} %), read {}, {}", state.tasks_done, state.tasks_total, state.what,
                                 percent_done(state), format_bytes(state.bytes_read),
                                 format_rate(state.bytes_read, state.elapsed_s));
  const double eta = eta_s(state);
  if (eta >= 0) line += ", ETA " + format_duration(eta);
  if (state.tasks_retried > 0) line += fmt::format(", {} retried", state.tasks_retried);
  return line + ", memory " + memory_text(state);
}

}  // namespace rankine::report
