#include "script/inline_calls.hpp"

#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::script {

CallId InlineCalls::submit(CallRequest request) {
  if (!remote_) remote_ = std::make_unique<RemoteProgram>(program_, host_);
  Result result;
  std::vector<std::span<const std::byte>> inputs;
  for (const CallId id : request.inputs) {
    const Result& input = results_.at(id.value);
    if (input.error && !result.error) result.error = input.error;
    inputs.push_back(input.value);
  }
  try {
    if (!result.error) result.value = remote_->run(request.payload, inputs);
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted) throw;
    result.error = std::current_exception();
  }
  results_.emplace(++last_, std::move(result));
  return {last_};
}

CallId InlineCalls::scatter(std::vector<std::byte> value) {
  results_.emplace(++last_, Result{std::move(value), {}});
  return {last_};
}

CallStatus InlineCalls::status(CallId id) { return results_.at(id.value).error ? CallStatus::failed : CallStatus::finished; }

std::vector<std::byte> InlineCalls::fetch(CallId id) {
  const Result& result = results_.at(id.value);
  if (result.error) std::rethrow_exception(result.error);
  return result.value;
}

}  // namespace rankine::script
