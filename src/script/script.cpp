#include "script/script.hpp"

#include <map>

#include "script/bindings.hpp"
#include "script/dry_run.hpp"
#include "script/interpreter.hpp"
#include "script/parser.hpp"
#include "script/refusal.hpp"
#include "script/replacements.hpp"
#include "script/static_check.hpp"

namespace rankine::script {

CheckReport look_through(const std::string& name, const std::string& text, Host* host) {
  const SourceText source(name, text);
  const ParsedScript script = parse_all(source);
  CheckReport report = check(source, script);
  // A script with lines that cannot be read, or names that are not there, goes other ways than it should.
  if (host != nullptr && script.problems.empty()) DryRun::run(source, script.statements, *host, report);
  return report;
}

void check_script(const std::string& name, const std::string& text) {
  const SourceText source(name, text);
  const CheckReport report = check(source, parse_all(source));
  if (!report.refusals.empty()) throw refused(source, report);
}

void run_script(const std::string& name, const std::string& text, Host& host) {
  const SourceText source(name, text);
  const ParsedScript script = parse_all(source);
  CheckReport report = check(source, script);
  if (report.refusals.empty()) DryRun::run(source, script.statements, host, report);
  if (!report.refusals.empty()) throw refused(source, report);
  Interpreter(source, host).run(script.statements);
}

namespace {

struct Section { Type type; const char* title; };
constexpr Section sections[] = {
    {Type::xarray, "xarray (`xr`)"}, {Type::dataset, "Dataset"}, {Type::data_array, "DataArray"},
    {Type::data_array_groupby, "groupby"}, {Type::data_array_resample, "resample"},
    {Type::data_array_weighted, "weighted"}, {Type::datetime_accessor, "DataArray.dt"},
    {Type::coordinates, "coords"}, {Type::numpy, "NumPy (`np`)"}, {Type::ndarray, "NumPy arrays"},
    {Type::builtins, "Builtins"}, {Type::text, "str"}, {Type::list, "list"}, {Type::dict, "dict"}, {Type::set, "set"}, {Type::exception, "Exceptions"},
    {Type::math, "math"}, {Type::sys, "sys"}, {Type::os, "os"}, {Type::os_path, "os.path"}, {Type::glob, "glob"},
    {Type::numcodecs, "numcodecs"}, {Type::time, "time"}, {Type::random, "random"}, {Type::operator_module, "operator"}, {Type::functools, "functools"},
    {Type::random_state, "random.Random"}, {Type::numpy_random, "numpy.random"},
    {Type::dask, "dask"}, {Type::delayed, "Delayed"}, {Type::dask_distributed, "dask.distributed"},
    {Type::client, "Client"}, {Type::cluster, "LocalCluster, SLURMCluster ..."}, {Type::future, "Future"},
    {Type::completed, "as_completed"}, {Type::done_and_not_done, "wait"}, {Type::dask_jobqueue, "dask_jobqueue"},
    {Type::dask_mpi, "dask_mpi"},
    {Type::dask_array_module, "dask.array"}, {Type::dask_array_random, "dask.array.random"}, {Type::dask_array, "dask.array.Array"}, {Type::dask_config, "dask.config"}, {Type::dask_diagnostics, "dask.diagnostics"}};

std::string parameters_of(const Binding& row) {
  if (row.kind == Binding::Kind::property) return "";
  std::string text;
  for (const char c : row.signature) {
    if (c != '=') text += c;
  }
  return "(" + text + ")";
}

}  // namespace

std::string support_table() {
  const auto& table = BindingTable::instance();
  std::string text;
  for (const Section& section : sections) {
    text += std::string(text.empty() ? "" : "\n") + "## " + section.title + "\n\n| name | arguments |\n|---|---|\n";
    std::string missing;
    for (const Binding* row : table.rows()) {
      if (row->owner != section.type || row->name.starts_with("type ") || row->name.starts_with("(")) continue;
      if (row->kind == Binding::Kind::unsupported) {
        missing += (missing.empty() ? "`" : ", `") + row->name + "`";
      } else {
        const std::string parameters = parameters_of(*row);
        text += "| `" + row->name + "` | " + (parameters.empty() ? "" : "`" + parameters + "`") + " |\n";
      }
    }
    if (!missing.empty()) text += "\nNot supported: " + missing + ".\n";
  }
  return text + "\n" + replacement_section();
}

}  // namespace rankine::script
