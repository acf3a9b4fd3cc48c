#include "report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/printable.hpp"
#include "report/progress.hpp"

namespace rankine::report {
namespace {

constexpr std::size_t most_outputs_named = 4;

/// Share of the threads' time spent inside tasks; nothing for a rank that only schedules.
std::optional<double> busy_share(const RankSummary& rank, double tasks_s) {
  if (rank.threads == 0 || tasks_s <= 0) return std::nullopt;
  return std::min(1.0, rank.busy_s / (tasks_s * rank.threads));
}

std::string percent(std::optional<double> share) {
  return share ? fmt::format("{} %", std::lround(*share * 100)) : "-";
}

std::string read_line(const RunSummary& summary) {
  std::string line = format_bytes(summary.bytes_read);
  if (summary.bytes_decoded.value > 0) line += ", decoded to " + format_bytes(summary.bytes_decoded);
  if (summary.bytes_decoded.value > 0 && summary.decode_s > 0) {
    line += " at " + format_rate(summary.bytes_decoded, summary.decode_s) + " a thread";
  }
  return line;
}

std::string write_line(const RunSummary& summary) {
  std::string line = format_bytes(summary.bytes_written);
  const std::size_t named = std::min(summary.outputs.size(), most_outputs_named);
  for (std::size_t i = 0; i < named; ++i) line += (i == 0 ? " to " : ", ") + printable(summary.outputs[i]);
  if (summary.outputs.size() > named) line += fmt::format(" and {} more", summary.outputs.size() - named);
  return line;
}

std::string busy_line(const RunSummary& summary) {
  double least = 1, most = 0, busy = 0;
  unsigned threads = 0, workers = 0;
  for (const RankSummary& rank : summary.ranks) {
    const std::optional<double> share = busy_share(rank, summary.tasks_s);
    if (!share) continue;
    least = std::min(least, *share);
    most = std::max(most, *share);
    busy += rank.busy_s;
    threads += rank.threads;
    ++workers;
  }
  if (workers == 0) return "-";
  const double overall = std::min(1.0, busy / (summary.tasks_s * threads));
  std::string line = fmt::format("{} of {} thread{}", percent(overall), threads, threads == 1 ? "" : "s");
  if (workers > 1) line += fmt::format(", workers {} to {}", percent(least), percent(most));
  return line;
}

std::string memory_line(const RunSummary& summary) {
  const auto largest = std::max_element(
      summary.ranks.begin(), summary.ranks.end(),
      [](const RankSummary& a, const RankSummary& b) { return a.peak_rss < b.peak_rss; });
  if (largest == summary.ranks.end()) return "-";
  std::string line = "peak " + format_bytes(largest->peak_rss);
  if (summary.ranks.size() > 1) line += fmt::format(" (rank {} of {})", largest->rank, summary.ranks.size());
  Bytes blocks;
  for (const RankSummary& rank : summary.ranks) blocks = std::max(blocks, rank.peak_blocks);
  if (blocks.value != 0) line += ", blocks and buffers at most " + format_bytes(blocks) + (summary.ranks.size() > 1 ? " a rank" : "");
  return line;
}

std::string rank_table(const RunSummary& summary) {
  std::size_t node_width = 4;
  for (const RankSummary& rank : summary.ranks) node_width = std::max(node_width, rank.node_name.size());
  const auto row = [&](const std::string& rank, const std::string& node, const std::string& threads,
                       const std::string& tasks, const std::string& busy, const std::string& blocks, const std::string& peak) {
    return fmt::format("  {:>5}  {:<{}}  {:>7}  {:>9}  {:>6}  {:>9}  {:>11}\n", rank, node, node_width, threads, tasks,
                       busy, blocks, peak);
  };
  std::string text = row("rank", "node", "threads", "tasks", "busy", "blocks", "peak memory");
  for (const RankSummary& rank : summary.ranks) {
    text += row(std::to_string(rank.rank), rank.node_name, rank.threads ? std::to_string(rank.threads) : "-",
                std::to_string(rank.tasks), percent(busy_share(rank, summary.tasks_s)),
                rank.threads ? format_bytes(rank.peak_blocks) : "-", format_bytes(rank.peak_rss));
  }
  return text;
}

}  // namespace

std::string summary_text(const RunSummary& summary, SummaryOptions options) {
  std::string tasks = std::to_string(summary.tasks);
  if (summary.retries > 0) tasks += fmt::format(", {} repeated", summary.retries);
  std::string text = fmt::format("done in {}\n", format_duration(summary.wall_s));
  text += fmt::format("  tasks   {}\n", tasks);
  text += fmt::format("  read    {}\n", read_line(summary));
  text += fmt::format("  wrote   {}\n", write_line(summary));
  text += fmt::format("  busy    {}\n", busy_line(summary));
  text += fmt::format("  memory  {}\n", memory_line(summary));
  if (summary.bytes_spilled.value != 0)
    text += fmt::format("  spilled {}, read back {}\n", format_bytes(summary.bytes_spilled), format_bytes(summary.bytes_unspilled));
  const bool few = summary.ranks.size() <= options.most_ranks;
  if (options.every_rank && few && summary.ranks.size() > 1) text += rank_table(summary);
  return text;
}

}  // namespace rankine::report
