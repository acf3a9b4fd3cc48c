#include "runtime/calls.hpp"

namespace rankine::runtime {

std::string CallError::text() const {
  if (cancelled) return is_own ? call + " was cancelled" : "an input was cancelled: " + call;
  std::string text = message + " (task " + call;
  if (attempts > 0) text += ", attempt " + std::to_string(attempts) + ", worker " + std::to_string(worker);
  if (!earlier.empty()) text += "; before: " + earlier;
  return text + ")";
}

}  // namespace rankine::runtime
