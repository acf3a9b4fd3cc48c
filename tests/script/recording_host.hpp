#pragma once
#include <map>
#include <stdexcept>

#include "array/evaluate.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"
#include "script/host.hpp"
#include "script/script.hpp"

namespace rankine::script {

/// Datasets in memory instead of files; keeps what a script printed and wrote.
class RecordingHost : public Host {
 public:
  std::map<std::string, array::Dataset> files;
  std::string out, err;
  std::vector<std::string> notes;
  std::vector<std::pair<std::string, array::Dataset>> written;
  std::vector<SinkOptions> sink_options;
  OpenOptions last_options;
  std::vector<std::string> opened;
  int loads = 0;

  array::Dataset open_dataset(const std::string& path, const OpenOptions& options) override {
    opened.push_back(path);
    last_options = options;
    const auto found = files.find(path);
    if (found == files.end()) throw InputError("cannot open " + path + ": no such file");
    return found->second;
  }
  array::Dataset open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options) override {
    return open_dataset(paths.at(0), options);
  }
  array::Dataset open_zarr(const std::string& path, const OpenOptions& options) override { return open_dataset(path, options); }
  std::vector<NdArray> load(const std::vector<array::ExprPtr>& expressions) override {
    ++loads;
    std::vector<NdArray> values;
    for (const auto& expr : expressions) values.push_back(array::evaluate_constant(expr));
    return values;
  }
  void add_netcdf_sink(const array::Dataset& dataset, const std::string& path, const SinkOptions& options) override {
    written.emplace_back(path, dataset);
    sink_options.push_back(options);
  }
  void add_zarr_sink(const array::Dataset& dataset, const std::string& path, const SinkOptions& options) override {
    add_netcdf_sink(dataset, path, options);
  }
  void print(std::string_view text, bool to_stderr) override { (to_stderr ? err : out) += text; }
  void note(const std::string& text) override { notes.push_back(text); }
  std::vector<std::string> argv() override { return {"script.py", "one", "two"}; }
  std::optional<std::string> environment(const std::string& name) override {
    if (name == "HOME") return "/home/me";
    return std::nullopt;
  }
  bool path_exists(const std::string& path) override { return files.contains(path); }
  bool is_directory(const std::string&) override { return false; }
  void make_directories(const std::string&, bool) override {}
  std::vector<std::string> glob(const std::string&) override { return {"b.nc", "a.nc"}; }
};

/// What the script prints.
inline std::string output_of(const std::string& text) {
  RecordingHost host;
  run_script("script.py", text, host);
  return host.out;
}
/// The whole message of the error the script ends with.
inline std::string error_of(const std::string& text) {
  RecordingHost host;
  try {
    run_script("script.py", text, host);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error; it printed: " + host.out;
}

}  // namespace rankine::script
