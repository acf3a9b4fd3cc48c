#pragma once
#include <string>
#include <utility>

#include "base/error.hpp"

namespace rankine {

/// An error with what a front end wants to know of it besides the text, in an encoding of its own: a script's exception,
/// say, that is raised again on another rank.
struct DetailedError : Error {
  DetailedError(ExitCode code, const std::string& message, std::string d) : Error(code, message), detail(std::move(d)) {}
  std::string detail;
};

}  // namespace rankine
