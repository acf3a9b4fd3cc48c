#include "script/traceback.hpp"

#include <algorithm>
#include <set>

#include "script/interpreter.hpp"

namespace rankine::script {
namespace {

constexpr const char* heading = "Traceback (most recent call last):\n";

/// Lines that say the same one after the other are shown so often, as CPython does.
constexpr std::size_t most_repeated = 3;
/// More calls than that are shown in part: those at both ends.
constexpr std::size_t most_shown = 100;

std::string line_of(const SourceText& source, const TraceEntry& entry, bool innermost) {
  const SourceText::Place at = source.place(entry.place.begin);
  std::string text = "  File \"" + source.name() + "\", line " + std::to_string(at.line) + ", in " + entry.function + "\n";
  const std::string line = source.line(at.line);
  const std::size_t begin = line.find_first_not_of(" \t\f");
  if (begin == std::string::npos) return text;
  text += "    " + line.substr(begin, line.find_last_not_of(" \t\f") - begin + 1) + "\n";
  // Blanks before the line are bytes; columns count characters.
  if (const auto column = static_cast<std::size_t>(at.column - 1); innermost && column >= begin)
    text += "    " + std::string(column - begin, ' ') + "^\n";
  return text;
}

}  // namespace

std::string describe_trace(const SourceText& source, const Trace& trace) {
  if (trace.empty()) return "";
  std::string text = heading;
  const auto repeats = [&](std::size_t i) {  // the line of the call around it
    if (i + 1 >= trace.size() || trace[i].function != trace[i + 1].function) return false;
    return source.place(trace[i].place.begin).line == source.place(trace[i + 1].place.begin).line;
  };
  std::size_t same = 0, shown = 0, left_out = 0;
  const auto end_of_repeats = [&] {
    if (same >= most_repeated) {
      const std::size_t more = same - most_repeated + 1;
      text += "  [Previous line repeated " + std::to_string(more) + " more time" + (more == 1 ? "" : "s") + "]\n";
    }
  };
  for (std::size_t i = trace.size(); i-- > 0;) {
    const bool again = repeats(i);
    if (!again) end_of_repeats();
    same = again ? same + 1 : 0;
    if (same >= most_repeated && i != 0) continue;
    if (same >= most_repeated) {  // the innermost ends with its place all the same
      end_of_repeats();
      const std::string last = line_of(source, trace[0], true);
      text += last.substr(last.find('\n') + 1);
      return text;
    }
    if (shown >= most_shown / 2 && i >= most_shown / 2) {
      ++left_out;
      continue;
    }
    if (left_out != 0) text += "  [" + std::to_string(left_out) + " calls are left out here]\n";
    left_out = 0;
    ++shown;
    text += line_of(source, trace[i], i == 0);
  }
  return text;
}

std::string describe_exception(Interpreter& in, const SourceText& source, const ExceptionObject& exception) {
  // What led to it comes first; a cycle of causes is possible and ends where it begins.
  std::vector<std::pair<const ExceptionObject*, const char*>> chain{{&exception, ""}};
  std::set<const ExceptionObject*> seen{&exception};
  for (const ExceptionObject* at = &exception;;) {
    const auto cause = at->cause.as<ExceptionObject>();
    const ExceptionObject* next = at->has_cause ? cause.get() : at->context.get();
    if (next == nullptr || !seen.insert(next).second || chain.size() > 20) break;
    chain.emplace_back(next, at->has_cause ? "\n\nThe above exception was the direct cause of the following exception:\n\n"
                                           : "\n\nDuring handling of the above exception, another exception occurred:\n\n");
    at = next;
  }
  std::string text;
  for (std::size_t i = chain.size(); i-- > 0;) {
    const ExceptionObject& one = *chain[i].first;
    text += describe_trace(source, one.trace);
    if (one.is_remote) {  // its calls go on in the task
      const std::string_view report = one.report;
      text += report.starts_with(heading) && !one.trace.empty() ? report.substr(std::string_view(heading).size()) : report;
    } else {
      const std::string what = one.report.empty() ? text_of_exception(in, one) : one.report;
      text += one.name + (what.empty() ? "" : ": " + what);
    }
    text += chain[i].second;
  }
  return text;
}

}  // namespace rankine::script
