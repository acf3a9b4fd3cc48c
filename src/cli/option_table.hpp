#pragma once
#include <string>
#include <vector>

#include "cli/options.hpp"

namespace rankine::cli {

/// One option: parsing, configuration files and help all read this.
struct OptionRow {
  std::string name;                ///< without dashes
  char short_name = '\0';
  std::string argument;            ///< "N"; empty: a switch
  std::string help;
  bool in_config = true;           ///< may stand in a configuration file
};

/// The options of a command, in the order of its help.
const std::vector<OptionRow>& options_of(Command command);

/// "run", "plan", ...
std::string name_of(Command command);
const std::vector<std::string>& command_names();
std::optional<Command> command_named(const std::string& name);

/// Of commands that run or plan a script, together: what RANKINE_OPTIONS may hold.
const std::vector<OptionRow>& shared_options();

/// Puts one value into `options`. `where` is "--threads" or "rankine.toml: threads".
void apply_option(Options& options, const std::string& name, const std::string& value, const std::string& where);

/// " (did you mean --threads?)" or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         const std::string& prefix);

}  // namespace rankine::cli
