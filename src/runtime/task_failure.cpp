#include "runtime/task_failure.hpp"

#include <new>

#include "base/detailed_error.hpp"

namespace rankine::runtime {

TaskFailure task_failure(std::exception_ptr error, const char* out_of_memory) {
  TaskFailure failure;
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    failure.message = known.what();
    failure.code = known.code();
    if (const auto* detailed = dynamic_cast<const DetailedError*>(&known)) failure.detail = detailed->detail;
  } catch (const std::bad_alloc&) {
    failure.message = out_of_memory;
    failure.code = ExitCode::resources;
  } catch (const std::exception& other) {
    failure.message = other.what();
  } catch (...) {
    failure.message = "an exception that is no std::exception";
  }
  failure.permanent = failure.code == ExitCode::usage || failure.code == ExitCode::internal;
  return failure;
}

}  // namespace rankine::runtime
