#include "cli/options.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdlib>

#include "base/error.hpp"
#include "cli/config_file.hpp"
#include "cli/option_table.hpp"

namespace rankine::cli {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

std::vector<std::string> names_of(const std::vector<OptionRow>& rows) {
  std::vector<std::string> names;
  for (const OptionRow& row : rows) names.push_back(row.name);
  return names;
}

po::options_description description_of(const std::vector<OptionRow>& rows) {
  po::options_description description;
  for (const OptionRow& row : rows) {
    const std::string spelling = row.short_name == '\0' ? row.name : row.name + "," + row.short_name;
    if (row.argument.empty()) {
      description.add_options()(spelling.c_str(), row.help.c_str());
    } else {
      description.add_options()(spelling.c_str(), po::value<std::string>(), row.help.c_str());
    }
  }
  return description;
}

/// Whether `word` is an option whose value is the next word: `--threads` and `-t`, not `--threads=4`, `-t4`
/// or a switch.
bool takes_next_word(const std::string& word, const std::vector<OptionRow>& rows) {
  for (const OptionRow& row : rows) {
    const bool named = word == "--" + row.name || (row.short_name != '\0' && word == std::string{'-', row.short_name});
    if (named) return !row.argument.empty();
  }
  return false;
}

/// The number of leading words that are options and their values: the script is what follows, and what
/// follows the script is not ours to understand.
std::size_t count_option_words(const Words& words, const std::vector<OptionRow>& rows) {
  std::size_t i = 0;
  while (i < words.size() && words[i].size() > 1 && words[i][0] == '-' && words[i] != "--") {
    i += takes_next_word(words[i], rows) ? 2 : 1;
  }
  return std::min(i, words.size());
}

/// Boost knows the grammar of options; its complaints become ours.
std::vector<po::option> parse_words(const Words& words, const std::vector<OptionRow>& rows, const std::string& in, Command command) {
  const po::options_description description = description_of(rows);
  const std::string hint = "; see rankine " + name_of(command) + " --help";
  try {
    namespace style = po::command_line_style;
    po::parsed_options parsed = po::command_line_parser(words)
                                    .options(description)
                                    .style(style::unix_style & ~style::allow_guessing)
                                    .run();
    po::variables_map once;  // storing finds options that are given twice
    po::store(parsed, once);
    return parsed.options;
  } catch (const po::unknown_option& unknown) {
    const std::string name = unknown.get_option_name();
    const std::string bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
    throw UsageError(in + "unknown option " + name + did_you_mean(bare, names_of(rows), "--") + hint);
  } catch (const po::multiple_occurrences& twice) {
    throw UsageError(in + "option " + twice.get_option_name() + " is given more than once" + hint);
  } catch (const po::error& bad) {
    throw UsageError(in + bad.what() + hint);
  }
}

/// Switches that exclude each other can only do so where one person wrote both: on the command line.
void check_exclusive(const std::vector<po::option>& given) {
  const auto has = [&](const char* name) {
    return std::any_of(given.begin(), given.end(), [&](const po::option& o) { return o.string_key == name; });
  };
  if (has("quiet") && has("verbose")) throw UsageError("--quiet and --verbose exclude each other");
}

Options help_about(std::optional<Command> topic) {
  Options options;
  options.command = Command::help;
  options.help_topic = topic;
  return options;
}

Command parse_command(const std::string& word, const std::string& before) {
  if (const std::optional<Command> command = command_named(word)) return *command;
  if (!word.empty() && word[0] == '-') {
    throw UsageError(before + "unknown option " + word + "; options of a command stand after it, see rankine help");
  }
  throw UsageError(before + "unknown command '" + word + "'" + did_you_mean(word, command_names(), "") +
                   "; see rankine help");
}

Options parse_help(const Words& rest) {
  if (rest.size() > 1) throw UsageError("help: one command at a time");
  if (rest.empty() || rest[0] == "--help" || rest[0] == "-h") return help_about(std::nullopt);
  return help_about(parse_command(rest[0], "help: "));
}

constexpr const char* shared_variable = "RANKINE_OPTIONS";

/// The options in the environment, for every script of a user or a site.
std::vector<po::option> parse_shared(const std::string& text) {
  const std::string in = std::string(shared_variable) + ": ";
  Words words;
  try {
    words = po::split_unix(text);
  } catch (const std::exception& error) {
    throw UsageError(in + error.what());
  }
  const std::vector<OptionRow>& rows = shared_options();
  const std::size_t option_words = count_option_words(words, rows);
  std::vector<po::option> given = parse_words(Words(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(option_words)), rows, in, Command::run);
  if (option_words < words.size()) throw UsageError(in + "'" + words[option_words] + "' is no option");
  for (const po::option& option : given)
    if (option.string_key == "help") throw UsageError(in + "--help belongs on the command line");
  return given;
}

/// Words that are options of rankine where they stand behind the script, to which they go.
Words options_among(const Words& words, const std::vector<OptionRow>& rows) {
  const Words names = names_of(rows);
  Words found;
  for (const std::string& word : words) {
    if (!word.starts_with("--")) continue;
    const std::string name = word.substr(2, word.find('=') - 2);
    if (name != "help" && std::find(names.begin(), names.end(), name) != names.end()) found.push_back("--" + name);
  }
  return found;
}

bool takes_shared_options(Command command) {
  return command == Command::run || command == Command::resume || command == Command::plan;
}

}  // namespace

Options parse_options(const Words& words) {
  const char* shared = std::getenv(shared_variable);
  return parse_options(words, shared == nullptr ? "" : shared);
}

Options parse_options(const Words& words, const std::string& shared_text) {
  if (words.empty()) throw UsageError("a command is missing; see rankine help");
  if (words[0] == "--help" || words[0] == "-h") return help_about(std::nullopt);
  Options options;
  if (words[0] == "--version") {
    options.command = Command::version;
    return options;
  }
  options.command = parse_command(words[0], "");
  const Words rest(words.begin() + 1, words.end());
  if (options.command == Command::help) return parse_help(rest);

  const std::vector<OptionRow>& rows = options_of(options.command);
  const std::size_t option_words = count_option_words(rest, rows);
  const std::vector<po::option> given =
      parse_words(Words(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(option_words)), rows,
                  name_of(options.command) + ": ", options.command);
  for (const po::option& option : given) {
    if (option.string_key == "help") return help_about(options.command);
  }
  check_exclusive(given);
  const std::vector<po::option> shared = takes_shared_options(options.command) ? parse_shared(shared_text) : std::vector<po::option>();
  for (const auto* source : {&shared, &given}) {
    for (const po::option& option : *source) {
      if (option.string_key != "config") continue;
      // A file may serve run and plan: it may hold every option of run.
      for (const ConfigEntry& entry : read_config(option.value.at(0), options_of(Command::run))) {
        apply_option(options, entry.name, entry.value, entry.where);
      }
    }
  }
  for (const po::option& option : shared) {
    apply_option(options, option.string_key, option.value.empty() ? "" : option.value[0],
                 std::string(shared_variable) + ": --" + option.string_key);
  }
  for (const po::option& option : given) {
    apply_option(options, option.string_key, option.value.empty() ? "" : option.value[0],
                 "--" + option.string_key);
  }

  if (options.heartbeat_timeout_ms < 2 * options.heartbeat_interval_ms)
    throw UsageError("--heartbeat-timeout of " + std::to_string(options.heartbeat_timeout_ms) + " ms is less than two times the interval of " +
                     std::to_string(options.heartbeat_interval_ms) + " ms: ranks that are well would be taken for lost");

  if (options.memory_target > options.memory_spill || options.memory_spill > options.memory_stop)
    throw UsageError("--memory-target, --memory-spill and --memory-stop must not fall: each is reached after the one before");

  Words operands(rest.begin() + static_cast<std::ptrdiff_t>(option_words), rest.end());
  if (!operands.empty() && operands[0] == "--") operands.erase(operands.begin());
  const std::string in = name_of(options.command) + ": ";
  if (options.command == Command::version || options.command == Command::language) {
    if (!operands.empty()) throw UsageError(in + "takes no words");
  } else if (options.command == Command::status) {
    if (operands.size() != 1) throw UsageError(in + "one run directory is asked for; see rankine status --help");
    options.files = std::move(operands);
  } else if (options.command == Command::check) {
    const auto words = std::find(operands.begin(), operands.end(), "--");
    options.files.assign(operands.begin(), words);
    if (words != operands.end()) options.script_arguments.assign(words + 1, operands.end());
    if (options.files.empty()) throw UsageError(in + "a script is missing; see rankine check --help");
  } else if (options.command == Command::info) {
    if (operands.empty()) throw UsageError(in + "a file is missing; see rankine info --help");
    options.files = std::move(operands);
  } else if (options.command == Command::resume) {
    if (operands.size() != 1) throw UsageError(in + "one run directory is needed; see rankine resume --help");
    options.run_dir = operands[0];
  } else {
    if (operands.empty()) {
      throw UsageError(in + "a script is missing; see rankine " + name_of(options.command) + " --help");
    }
    options.script = operands[0];
    options.script_arguments.assign(operands.begin() + 1, operands.end());
    options.options_behind = options_among(options.script_arguments, rows);
  }
  return options;
}

}  // namespace rankine::cli
