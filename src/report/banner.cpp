#include "report/banner.hpp"

#include <algorithm>

namespace rankine::report {

std::string banner_text(const Banner& banner) {
  constexpr std::size_t most_nodes = 4;
  const auto count = [](std::size_t number, const std::string& what) { return std::to_string(number) + " " + what + (number == 1 ? "" : "s"); };
  std::string text = "rankine " + banner.version + ": ";
  text += banner.ranks == 1 ? "1 process" : std::to_string(banner.ranks) + " ranks";
  if (!banner.scheduler_works) text += " (rank 0 schedules only)";
  text += " x " + count(banner.threads, "thread");
  if (banner.nodes.size() == 1) text += " on " + banner.nodes[0];
  if (banner.nodes.size() > 1) {
    text += " on " + std::to_string(banner.nodes.size()) + " nodes (";
    for (std::size_t i = 0; i < std::min(banner.nodes.size(), most_nodes); ++i) text += (i == 0 ? "" : ", ") + banner.nodes[i];
    text += banner.nodes.size() > most_nodes ? ", ...)" : ")";
  }
  if (banner.memory_limit.value != 0) text += ", " + format_bytes(banner.memory_limit) + (banner.ranks == 1 ? "" : " a rank");
  if (!banner.job.empty()) text += ", job " + banner.job;
  return text;
}

}  // namespace rankine::report
