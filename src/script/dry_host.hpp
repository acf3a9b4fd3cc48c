#pragma once
#include <set>

#include "script/host.hpp"

namespace rankine::script {

/// The world as a dry run sees it: files are opened for what they say of themselves, nothing is written, printed or computed.
/// What depends on something that has not happened is unknown.
class DryHost : public Host {
 public:
  explicit DryHost(Host& host) : host_(host) {}

  array::Dataset open_dataset(const std::string& path, const OpenOptions& options) override;
  array::Dataset open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options) override;
  array::Dataset open_zarr(const std::string& path, const OpenOptions& options) override;
  std::vector<NdArray> load(const std::vector<array::ExprPtr>& expressions) override;
  void add_netcdf_sink(const array::Dataset&, const std::string& path, const SinkOptions&) override { written_.insert(path); }
  void add_zarr_sink(const array::Dataset&, const std::string& path, const SinkOptions&) override { written_.insert(path); }
  void print(std::string_view, bool) override {}
  void note(const std::string&) override {}
  void check_interrupt() override { host_.check_interrupt(); }
  std::vector<std::string> argv() override { return host_.argv(); }
  CallGraph* call_graph(std::vector<std::byte> program) override;
  void draw_graph(const DotGraph&, const std::string& path) override { written_.insert(path); }
  double wall_clock_s() override { throw UnknownValue(); }
  double steady_clock_s() override { throw UnknownValue(); }
  std::uint64_t entropy() override { throw UnknownValue(); }
  std::optional<std::string> environment(const std::string& name) override { return host_.environment(name); }
  bool path_exists(const std::string& path) override;
  bool is_directory(const std::string& path) override;
  void make_directories(const std::string& path, bool) override { written_.insert(path); }
  std::vector<std::string> glob(const std::string& pattern) override;

 private:
  /// Files and folders may be other than they are now once the script has written any.
  void need_untouched() const { if (!written_.empty()) throw UnknownValue(); }

  Host& host_;
  std::set<std::string> written_;
};

}  // namespace rankine::script
