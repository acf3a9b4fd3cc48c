#pragma once
#include <exception>
#include <string>

#include "base/error.hpp"

namespace rankine::runtime {

/// What a task's exception says: the text, the status of a run that ends with it, and whether trying again is in vain.
struct TaskFailure {
  std::string message;
  std::string detail = {};   ///< of a DetailedError
  ExitCode code = ExitCode::task_failed;
  bool permanent = false;
};

/// `out_of_memory`: the text for std::bad_alloc, with what to do.
TaskFailure task_failure(std::exception_ptr error, const char* out_of_memory);

}  // namespace rankine::runtime
