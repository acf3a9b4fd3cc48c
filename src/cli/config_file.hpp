#pragma once
#include <string>
#include <vector>

#include "cli/option_table.hpp"

namespace rankine::cli {

struct ConfigEntry {
  std::string name;
  std::string value;
  std::string where;  ///< "rankine.toml:3: threads"
};

/// The options in a TOML text, in the order of the alphabet. `rows` are those that may stand in it.
/// Throws UsageError with file and line for bad TOML, unknown keys and values that are no option's.
std::vector<ConfigEntry> parse_config(const std::string& text, const std::string& path,
                                      const std::vector<OptionRow>& rows);

/// The same from a file. Throws InputError if it cannot be read.
std::vector<ConfigEntry> read_config(const std::string& path, const std::vector<OptionRow>& rows);

}  // namespace rankine::cli
