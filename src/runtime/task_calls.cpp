#include "runtime/task_calls.hpp"

#include "base/error.hpp"

namespace rankine::runtime {

void TaskCalls::begin(CallContext& context) {
  context_ = &context;
  execution_ = ++executions_;
}

void TaskCalls::end() {
  remote_.reset();
  context_ = nullptr;
  execution_ = 0;
}

script::CallGraph& TaskCalls::current() {
  if (context_ == nullptr) return inline_;
  if (!remote_) remote_ = std::make_unique<ScriptCalls>(context_->calls(), program_, [] {});
  return *remote_;
}

script::CallId TaskCalls::inner(script::CallId id) const {
  if (id.value >> 32 != execution_) throw UsageError("a future that another task has made is gone with that task");
  return {id.value & UINT32_MAX};
}

std::vector<script::CallId> TaskCalls::inner(std::span<const script::CallId> ids) const {
  std::vector<script::CallId> all;
  for (const script::CallId id : ids) all.push_back(inner(id));
  return all;
}

script::CallId TaskCalls::submit(script::CallRequest request) {
  for (script::CallId& input : request.inputs) input = inner(input);
  return outer(current().submit(std::move(request)));
}

script::CallId TaskCalls::scatter(std::vector<std::byte> value) { return outer(current().scatter(std::move(value))); }

script::CallStatus TaskCalls::status(script::CallId id) { return current().status(inner(id)); }

bool TaskCalls::wait(std::span<const script::CallId> ids, bool all, std::optional<double> timeout_s) {
  return current().wait(inner(ids), all, timeout_s);
}

std::vector<std::vector<std::byte>> TaskCalls::fetch_all(std::span<const script::CallId> ids) {
  return current().fetch_all(inner(ids));
}

void TaskCalls::cancel(script::CallId id) { current().cancel(inner(id)); }

void TaskCalls::release(script::CallId id) noexcept {
  if (id.value >> 32 != execution_) return;  // gone with its execution
  if (context_ == nullptr) inline_.release({id.value & UINT32_MAX});
  else if (remote_) remote_->release({id.value & UINT32_MAX});
}

}  // namespace rankine::runtime
