#pragma once
#include <functional>
#include <memory>

#include "rankine/task_client.hpp"
#include "runtime/calls.hpp"

namespace rankine::api {

/// The tasks of this program, numbered in the order of their names. Throws UsageError where two have one name.
const runtime::TaskLibrary& task_library();

/// The interface's clothes for calls, which are begun when they are first needed.
class CallsPort final : public detail::Port {
 public:
  explicit CallsPort(std::function<runtime::Calls&()> begin) : begin_(std::move(begin)) {}
  /// Nothing is asked of the calls from now on: futures that outlive them are empty shells.
  void close() { begin_ = {}; calls_ = nullptr; }

  std::uint32_t next_id() override { return calls().next_id().value; }
  std::uint32_t submit(std::vector<detail::Submission> submissions) override;
  bool is_done(std::uint32_t id) override { return calls().state({id}) != runtime::CallState::pending; }
  void wait(std::span<const std::uint32_t> ids) override;
  std::size_t wait_for_completions(std::size_t known) override { return calls().wait_for_completions(known); }
  std::size_t completion_count() override { return calls().completion_count(); }
  std::uint32_t completion(std::size_t index) override { return calls().completion(index).value; }
  std::vector<detail::BytesPtr> results(std::span<const std::uint32_t> ids) override;
  std::optional<TaskError> error(std::uint32_t id) override;
  void cancel(std::uint32_t id) override { calls().cancel({id}); }
  void release(std::uint32_t id) noexcept override;

 private:
  runtime::Calls& calls();
  std::function<runtime::Calls&()> begin_;
  runtime::Calls* calls_ = nullptr;
};

}  // namespace rankine::api
