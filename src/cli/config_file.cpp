#include "cli/config_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#ifdef RANKINE_HAVE_TOML
#include <toml++/toml.h>
#endif

namespace rankine::cli {

#ifdef RANKINE_HAVE_TOML

std::vector<ConfigEntry> parse_config(const std::string& text, const std::string& path,
                                      const std::vector<OptionRow>& rows) {
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& bad) {
    throw UsageError(path + ":" + std::to_string(bad.source().begin.line) + ": " +
                     std::string(bad.description()));
  }
  std::vector<std::string> known;
  for (const OptionRow& row : rows) {
    if (row.in_config) known.push_back(row.name);
  }
  std::vector<ConfigEntry> entries;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string where = path + ":" + std::to_string(node.source().begin.line) + ": " + name;
    bool found = false;
    for (const std::string& candidate : known) found = found || candidate == name;
    if (!found) throw UsageError(where + ": no such option" + did_you_mean(name, known, ""));
    std::string value;
    if (const auto* string = node.as_string()) {
      value = string->get();
    } else if (const auto* integer = node.as_integer()) {
      value = std::to_string(integer->get());
    } else if (const auto* boolean = node.as_boolean()) {
      value = boolean->get() ? "true" : "false";
    } else {
      throw UsageError(where + ": the value must be a string, a whole number, true or false");
    }
    entries.push_back({name, value, where});
  }
  return entries;
}

#else

std::vector<ConfigEntry> parse_config(const std::string&, const std::string& path,
                                      const std::vector<OptionRow>&) {
  throw UsageError("--config " + path +
                   ": this rankine was built without tomlplusplus; give the options on the command line");
}

#endif

std::vector<ConfigEntry> read_config(const std::string& path, const std::vector<OptionRow>& rows) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    throw InputError("--config: cannot read " + path + ": " + std::strerror(errno != 0 ? errno : EIO));
  }
  return parse_config(text.str(), path, rows);
}

}  // namespace rankine::cli
