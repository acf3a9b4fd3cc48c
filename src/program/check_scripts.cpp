#include "program/check_scripts.hpp"

#include <cstdio>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "launch/script_file.hpp"
#include "report/reporter.hpp"
#include "runtime/pipeline_host.hpp"
#include "runtime/script_kernels.hpp"
#include "script/bindings.hpp"
#include "script/refusal.hpp"
#include "script/replacements.hpp"
#include "script/script.hpp"

namespace rankine {

namespace {

script::CheckReport look_through(const std::string& path, const cli::Options& options) {
  std::vector<std::string> argv{path};
  argv.insert(argv.end(), options.script_arguments.begin(), options.script_arguments.end());
  report::Reporter reporter({});
  runtime::PipelineHost host({argv, "", false, {}, options.index_cache},
                             [](const runtime::PlanRequest&) -> std::vector<NdArray> { throw script::UnknownValue(); }, reporter);
  const launch::ScriptFile script = launch::read_script_file(path, true);
  return script::look_through(script.name, *script.text, &host);
}

std::string share(const script::CheckReport& report) {
  return std::to_string(report.supported_count()) + " of " + std::to_string(report.calls.size()) + " calls supported";
}

void print(const std::string& path, const script::CheckReport& report, bool has_words) {
  std::string text = text_of(report, std::numeric_limits<std::size_t>::max());
  if (!text.empty()) text += "\n";
  text += path + ": " + share(report);
  const std::size_t count = report.refusals.size();
  if (count != 0) text += ", " + std::to_string(count) + (count == 1 ? " thing" : " things") + " not there";
  if (report.unknown_from_line != 0)
    text += "; from line " + std::to_string(report.unknown_from_line) + " on, what happens depends on values: names alone were looked at there";
  for (const auto& note : report.notes)
    text += "\nnote: " + path + ":" + std::to_string(note.line) + ": " + note.message + "; of what depends on it, names alone were looked at";
  if (!report.notes.empty() && !has_words) text += "\n(words for the script follow after --: rankine check SCRIPT -- WORD...)";
  std::printf("%s\n", text.c_str());
}

nlohmann::ordered_json as_json(const std::string& path, const script::CheckReport& report) {
  nlohmann::ordered_json refusals = nlohmann::ordered_json::array();
  for (const auto& refusal : report.refusals) {
    nlohmann::ordered_json one = {{"line", refusal.line}, {"column", refusal.column}, {"message", refusal.message}};
    if (refusal.instead != nullptr) {
      one["instead"] = {{"words", refusal.instead->words}, {"original", refusal.instead->original}, {"instead", refusal.instead->instead}};
    }
    refusals.push_back(std::move(one));
  }
  nlohmann::ordered_json script = {{"script", path},
                                   {"calls", report.calls.size()},
                                   {"supported_calls", report.supported_count()},
                                   {"refusals", std::move(refusals)}};
  if (report.unknown_from_line != 0) script["unknown_from_line"] = report.unknown_from_line;
  for (const auto& note : report.notes) script["notes"].push_back({{"line", note.line}, {"message", note.message}});
  return script;
}

/// JSON is UTF-8; a script's text may be anything.
std::string text_of(const nlohmann::ordered_json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int check_scripts(const cli::Options& options) {
  nlohmann::ordered_json scripts = nlohmann::ordered_json::array();
  ExitCode status = ExitCode::done;
  runtime::register_script_kernels();
  for (const std::string& path : options.files) {
    try {
      const script::CheckReport report = look_through(path, options);
      if (!report.refusals.empty()) status = ExitCode::usage;
      if (options.json) scripts.push_back(as_json(path, report));
      else print(path, report, !options.script_arguments.empty());
    } catch (const Error& error) {
      // One that cannot be read keeps no other from being looked through.
      if (error.code() == ExitCode::interrupted) throw;
      status = error.code();
      if (options.json) scripts.push_back({{"script", path}, {"error", error.what()}});
      else std::fprintf(stderr, "rankine: %s\n", error.what());
    }
  }
  if (options.json) std::printf("%s\n", text_of({{"scripts", std::move(scripts)}}).c_str());
  return static_cast<int>(status);
}

void print_language_as_json() {
  nlohmann::ordered_json names = nlohmann::ordered_json::array(), rows = nlohmann::ordered_json::array();
  for (const script::Binding* row : script::BindingTable::instance().rows()) {
    if (row->name.starts_with("type ") || row->name.starts_with("(")) continue;
    names.push_back({{"owner", script::name_of(row->owner)},
                     {"name", row->name},
                     {"supported", row->kind != script::Binding::Kind::unsupported}});
  }
  for (const script::Replacement& row : script::replacements())
    rows.push_back({{"name", row.name}, {"words", row.words}, {"original", row.original}, {"instead", row.instead}});
  std::printf("%s\n", text_of({{"names", std::move(names)}, {"replacements", std::move(rows)}}).c_str());
}

}  // namespace rankine
