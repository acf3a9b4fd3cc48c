#include "script/refusal.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "script/replacements.hpp"

namespace rankine::script {

namespace {
// A screen or two; `rankine check` shows all.
constexpr std::size_t shown_by_run = 20;
}  // namespace

Refusal make_refusal(const SourceText& source, Span place, const std::string& message, const Replacement* instead) {
  const auto at = source.place(place.begin);
  return {at.line, at.column, message, source.describe(place, message), instead};
}
Refusal make_refusal(const ScriptError& error) { return {error.line(), error.column(), error.message(), error.what(), nullptr}; }

std::size_t CheckReport::supported_count() const {
  return static_cast<std::size_t>(std::count_if(calls.begin(), calls.end(), [](const Call& call) { return call.supported; }));
}

void sort_refusals(CheckReport& report) {
  const auto place = [](const Refusal& r) { return std::tie(r.line, r.column); };
  std::stable_sort(report.refusals.begin(), report.refusals.end(),
                   [&](const Refusal& a, const Refusal& b) { return place(a) < place(b); });
  // The first word about a place stands.
  report.refusals.erase(std::unique(report.refusals.begin(), report.refusals.end(),
                                    [&](const Refusal& a, const Refusal& b) { return place(a) == place(b); }),
                        report.refusals.end());
  std::set<std::pair<int, int>> places;
  for (const Refusal& refusal : report.refusals) places.insert({refusal.line, refusal.column});
  for (auto& call : report.calls) call.supported = call.supported && !places.contains({call.line, call.column});
}

std::string text_of(const CheckReport& report, std::size_t most, const char* indent) {
  std::string text;
  std::set<const Replacement*> told;
  const std::size_t count = std::min(most, report.refusals.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Refusal& refusal = report.refusals[i];
    text += (i == 0 ? "" : std::string("\n") + indent) + refusal.text;
    if (told.insert(refusal.instead).second) text += lines_of(refusal.instead);
  }
  if (count < report.refusals.size())
    text += std::string("\n") + indent + "and " + std::to_string(report.refusals.size() - count) + " more; rankine check shows all";
  return text;
}

ScriptError refused(const SourceText& source, const CheckReport& report) {
  const Refusal& first = report.refusals.front();
  if (report.refusals.size() == 1 && !first.traceback.empty())
    return {source.name(), first.line, first.column, first.message, first.traceback};
  return {source.name(), first.line, first.column, first.message, text_of(report, shown_by_run, "  ")};
}

}  // namespace rankine::script
