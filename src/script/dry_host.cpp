#include "script/dry_host.hpp"

#include "script/dry_run.hpp"

namespace rankine::script {

array::Dataset DryHost::open_dataset(const std::string& path, const OpenOptions& options) {
  need_untouched();
  return host_.open_dataset(path, options);
}
array::Dataset DryHost::open_mfdataset(const std::vector<std::string>& paths, const OpenOptions& options) {
  need_untouched();
  return host_.open_mfdataset(paths, options);
}
array::Dataset DryHost::open_zarr(const std::string& path, const OpenOptions& options) {
  need_untouched();
  return host_.open_zarr(path, options);
}

std::vector<NdArray> DryHost::load(const std::vector<array::ExprPtr>& expressions) {
  std::vector<NdArray> values;
  for (const auto& expression : expressions) {
    std::optional<NdArray> value = host_.peek(expression);
    if (!value) throw UnknownValue();
    values.push_back(std::move(*value));
  }
  return values;
}

CallGraph* DryHost::call_graph(std::vector<std::byte>) {
  // From here on the script is a program of calls, whose results decide what comes next.
  throw DryRunEnds();
}

bool DryHost::path_exists(const std::string& path) {
  need_untouched();
  return host_.path_exists(path);
}
bool DryHost::is_directory(const std::string& path) {
  need_untouched();
  return host_.is_directory(path);
}
std::vector<std::string> DryHost::glob(const std::string& pattern) {
  need_untouched();
  return host_.glob(pattern);
}

}  // namespace rankine::script
