#include "cli/option_table.hpp"

namespace rankine::cli {
namespace {

constexpr const char* overview =
    "Rankine runs xarray-like climate pipelines as one MPI job.\n"
    "\n"
    "usage: rankine COMMAND ...\n"
    "       mpirun -n RANKS rankine run SCRIPT ...\n"
    "\n"
    "commands:\n"
    "  run SCRIPT [WORD...]    run a pipeline script\n"
    "  resume DIR              go on with a run that ended early\n"
    "  plan SCRIPT [WORD...]   print what a run would do; reads no data\n"
    "  check SCRIPT...         print all that scripts use and is not there, and what to write instead\n"
    "  info FILE...            print what NetCDF files and Zarr stores hold\n"
    "  status DIR              print how the run of a run directory ended; end with its status\n"
    "  language                print the names that scripts may use, and those that they may not yet\n"
    "  version                 print the version\n"
    "  help [COMMAND]          print this, or all about a command\n"
    "\n"
    "exit status: 0 done, 1 a task failed for good, 2 bad command line or script,\n"
    "3 input missing or unreadable, 4 output not writable, 5 too little memory,\n"
    "6 partly done, 70 a bug in rankine, 75 ended early: resume it, 130 interrupted.\n";

constexpr const char* run_intro =
    "usage: rankine run [OPTION...] SCRIPT [WORD...]\n"
    "       mpirun -n RANKS rankine run [OPTION...] SCRIPT [WORD...]\n"
    "\n"
    "Runs a pipeline script: Python syntax with xarray's names. Rank 0 schedules, the\n"
    "other ranks work; without mpirun one process does both. Options stand before the\n"
    "script; the words after it are its sys.argv[1:], untouched. A script '-' is read from\n"
    "the standard input; pipes and FIFOs will do too. Options of the environment variable\n"
    "RANKINE_OPTIONS stand before them, those of --config before these.\n";

constexpr const char* resume_intro =
    "usage: rankine resume [OPTION...] DIR\n"
    "       mpirun -n RANKS rankine resume [OPTION...] DIR\n"
    "\n"
    "Starts the script of the run directory DIR again, with its words and in its folder, and\n"
    "goes on from what is done, on any number of ranks. The same as the same `rankine run`\n"
    "once more.\n";

constexpr const char* plan_intro =
    "usage: rankine plan [OPTION...] SCRIPT [WORD...]\n"
    "\n"
    "Prints the layers, tasks, bytes read and written, the largest block and the fusion\n"
    "of the plan that `rankine run` would run. Reads no data.\n";

constexpr const char* check_intro =
    "usage: rankine check [OPTION...] SCRIPT... [-- WORD...]\n"
    "\n"
    "Prints every call, name, keyword, form of syntax and module of the scripts that Rankine\n"
    "lacks, with file, line, column and what to write instead where something works, and the\n"
    "share of calls that are supported. Ends with 0 if all is supported, else with 2.\n"
    "\n"
    "Reads no data. Files that a script opens and that are there are asked for their dims and\n"
    "coordinates, so that what depends on those is found too; WORDs are then its sys.argv[1:].\n"
    "`rankine run` does the same before it computes anything.\n";

constexpr const char* info_intro =
    "usage: rankine info FILE...\n"
    "\n"
    "Prints dims, variables, dtypes, stored chunks, filters, attributes and calendar of\n"
    "NetCDF files and Zarr stores, and how rankine would read each variable.\n";

constexpr const char* status_intro =
    "usage: rankine status DIR\n"
    "\n"
    "Prints how the run with this run directory ended and ends with the run's own exit\n"
    "status; 75 if it lives or was killed, 3 if there is no run. Launchers' statuses are\n"
    "their own once a rank is lost: job scripts should ask here. Says where and how long\n"
    "it ran, what it read and wrote, by layers of tasks; of a run that is on, when it\n"
    "last gave a sign of life; and how many results of delayed and futures are kept for\n"
    "the next job.\n";

std::string left_column(const OptionRow& row) {
  std::string text = row.short_name == '\0' ? "      " : std::string("  -") + row.short_name + ", ";
  text += "--" + row.name;
  if (!row.argument.empty()) text += " " + row.argument;
  return text;
}

std::string option_lines(const std::vector<OptionRow>& rows) {
  constexpr std::size_t help_column = 32;
  std::string text = "\noptions:\n";
  for (const OptionRow& row : rows) {
    std::string line = left_column(row);
    if (line.size() + 2 > help_column) {
      text += line + "\n";
      line.clear();
    }
    line.resize(help_column, ' ');
    for (char c : row.help) {
      line += c;
      if (c == '\n') line += std::string(help_column, ' ');
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::string help_text(std::optional<Command> topic) {
  if (topic == Command::run) return run_intro + option_lines(options_of(Command::run));
  if (topic == Command::resume) return resume_intro + option_lines(options_of(Command::resume));
  if (topic == Command::plan) return plan_intro + option_lines(options_of(Command::plan));
  if (topic == Command::check) return check_intro + option_lines(options_of(Command::check));
  if (topic == Command::info) return info_intro + option_lines(options_of(Command::info));
  if (topic == Command::status) return status_intro;
  if (topic == Command::language)
    return "usage: rankine language [--json]\n\nPrints what pipeline scripts may call, what they may not, and what to write instead, as\n"
           "docs/pipeline-language.md does.\n" + option_lines(options_of(Command::language));
  if (topic == Command::version)
    return "usage: rankine version [--verbose]\n\nPrints the version.\n" + option_lines(options_of(Command::version));
  return overview;
}

std::string version_text() { return "rankine " RANKINE_VERSION; }

}  // namespace rankine::cli
