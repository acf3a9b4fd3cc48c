#pragma once
#include "cli/options.hpp"

namespace rankine {

/// `rankine check`: looks through scripts and prints what they cannot do here. The exit status.
int check_scripts(const cli::Options& options);
/// `rankine language --json`.
void print_language_as_json();

}  // namespace rankine
