#include "runtime/sub_calls.hpp"

#include <algorithm>
#include <map>

#include "base/check.hpp"
#include "runtime/call_run.hpp"

namespace rankine::runtime {
namespace {

constexpr std::int32_t most_urgent = 127;

}  // namespace

/// One execution's view. Its calls are numbered from 0; `numbers_` gives the worker's number of each.
class SubCalls::Port final : public Calls {
 public:
  Port(SubCalls& all, std::int32_t priority, std::function<void(bool)> blocked)
      : all_(all), priority_(priority), blocked_(std::move(blocked)) {}

  /// What the call has not let go of goes with it.
  ~Port() override {
    std::lock_guard lock(all_.mutex_);
    wire::ReleaseCalls release;
    for (const std::uint32_t number : numbers_)
      if (forget(number)) release.calls.push_back(number);
    if (!release.calls.empty()) all_.push(scheduler_rank, release);
  }

  CallId next_id() const override { return {static_cast<std::uint32_t>(numbers_.size())}; }

  CallId submit(std::vector<CallSpec> specs) override {
    const CallId first = next_id();
    std::lock_guard lock(all_.mutex_);
    wire::SubmitCalls message;
    message.first = all_.next_;
    for (CallSpec& spec : specs) {
      if (spec.function != value_function && spec.function >= all_.library_.function_count())
        throw UsageError("there is no task function number " + std::to_string(spec.function));
      const std::string resources = format_resources(spec.resources);
      wire::SubmittedCall call;
      call.function = spec.function;
      call.argument_bytes = static_cast<std::uint32_t>(spec.arguments.size());
      call.input_count = static_cast<std::uint32_t>(spec.inputs.size());
      // Deeper goes first, so that few calls wait at a time.
      call.priority = std::clamp(spec.priority + priority_ + 1, -100, most_urgent);
      call.max_attempts = spec.max_attempts;
      call.label_bytes = static_cast<std::uint32_t>(spec.label.size());
      call.resource_bytes = static_cast<std::uint32_t>(resources.size());
      call.wanted = spec.wanted;
      call.expected_bytes = spec.expected_bytes.value;
      message.calls.push_back(call);
      const std::uint32_t number = all_.next_++;
      for (const CallId input : spec.inputs) message.inputs.push_back(input.value < numbers_.size() ? numbers_[input.value] : UINT32_MAX);
      message.arguments.insert(message.arguments.end(), spec.arguments.begin(), spec.arguments.end());
      message.texts += spec.label + resources;
      if (spec.wanted) {
        Entry& entry = all_.entries_[number];
        entry.owner = this;
        entry.own_number = next_id();
      }
      numbers_.push_back(number);
    }
    if (!message.calls.empty()) all_.push(scheduler_rank, message);
    return first;
  }

  CallState state(CallId call) override {
    std::lock_guard lock(all_.mutex_);
    return entry(call).state;
  }

  void wait(std::span<const CallId> calls) override {
    std::unique_lock lock(all_.mutex_);
    std::size_t next = 0;
    wait_until(lock, [&] {
      while (next < calls.size() && entry(calls[next]).state != CallState::pending) ++next;
      return next == calls.size();
    });
  }

  std::size_t wait_for_completions(std::size_t known) override {
    std::unique_lock lock(all_.mutex_);
    wait_until(lock, [&] { return completions_.size() > known; });
    return completions_.size();
  }
  std::size_t completion_count() const override {
    std::lock_guard lock(all_.mutex_);
    return completions_.size();
  }
  CallId completion(std::size_t index) const override {
    std::lock_guard lock(all_.mutex_);
    return completions_[index];
  }

  std::vector<CallResult> results(std::span<const CallId> calls) override {
    std::unique_lock lock(all_.mutex_);
    // A result may be lost with its worker while it is asked for: then it is asked for again.
    wait_until(lock, [&] {
      std::map<int, wire::ResultRequest> requests;
      bool all_here = true;
      for (const CallId call : calls) {
        Entry& e = entry(call);
        if (e.state == CallState::erred) return true;
        if (e.result != nullptr) continue;
        all_here = false;
        if (e.state != CallState::finished || e.is_asked) continue;
        e.is_asked = true;
        requests[e.holder].tasks.push_back(e.task);
      }
      for (auto& [holder, request] : requests) {
        request.for_call = true;
        all_.push(holder, request);
      }
      return all_here;
    });
    std::vector<CallResult> results;
    for (const CallId call : calls) {
      const Entry& e = entry(call);
      if (e.state == CallState::erred) throw CallFailed(e.error);
      results.push_back(e.result);
    }
    return results;
  }

  CallError error(CallId call) override {
    std::lock_guard lock(all_.mutex_);
    return entry(call).error;
  }

  void release(CallId call) override {
    std::lock_guard lock(all_.mutex_);
    const std::uint32_t number = numbers_.at(call.value);
    if (forget(number)) all_.push(scheduler_rank, wire::ReleaseCalls{false, {number}});
  }

  void cancel(CallId call) override {
    std::lock_guard lock(all_.mutex_);
    all_.push(scheduler_rank, wire::ReleaseCalls{true, {numbers_.at(call.value)}});
  }

  void poll() override {}

  void log(CallId call) { completions_.push_back(call); }

 private:
  Entry& entry(CallId call) {
    const auto found = all_.entries_.find(numbers_.at(call.value));
    RANKINE_CHECK(found != all_.entries_.end(), "a released call is asked for");
    return found->second;
  }

  bool forget(std::uint32_t number) {
    const auto found = all_.entries_.find(number);
    if (found == all_.entries_.end()) return false;
    if (found->second.state == CallState::finished) all_.by_task_.erase(found->second.task);
    all_.entries_.erase(found);
    return true;
  }

  /// Gives up the place on the threads while it waits.
  template <typename Done>
  void wait_until(std::unique_lock<std::mutex>& lock, Done done) {
    const auto over = [&] {
      if (all_.stopped_) throw Error(ExitCode::task_failed, "the run is over");
      return done();
    };
    if (over()) return;
    lock.unlock();
    blocked_(true);
    lock.lock();
    try {
      all_.changed_.wait(lock, over);
    } catch (...) {
      lock.unlock();
      blocked_(false);
      throw;
    }
    lock.unlock();
    blocked_(false);
    lock.lock();
  }

  SubCalls& all_;
  std::int32_t priority_;
  std::function<void(bool)> blocked_;
  std::vector<std::uint32_t> numbers_;
  std::vector<CallId> completions_;
};

std::unique_ptr<Calls> SubCalls::for_call(std::int32_t priority, std::function<void(bool)> blocked) {
  return std::make_unique<Port>(*this, priority, std::move(blocked));
}

std::vector<SubCalls::Outgoing> SubCalls::take_outgoing() {
  std::lock_guard lock(mutex_);
  return std::exchange(outgoing_, {});
}

void SubCalls::on_outcomes(const wire::CallOutcomes& message) {
  std::lock_guard lock(mutex_);
  std::size_t failure = 0;
  for (const wire::CallOutcome& outcome : message.outcomes) {
    const std::size_t own_failure = outcome.erred != 0 ? failure++ : 0;
    const auto found = entries_.find(outcome.call);
    if (found == entries_.end()) continue;  // let go of meanwhile
    Entry& entry = found->second;
    entry.task = outcome.task;
    if (outcome.erred != 0) {
      const wire::CallFailure& f = message.failures[own_failure];
      entry.state = CallState::erred;
      entry.error = {f.call, f.message, f.is_own, f.cancelled, static_cast<int>(f.worker), f.attempts, static_cast<ExitCode>(f.exit_code), f.detail};
    } else {
      entry.state = CallState::finished;
      entry.holder = static_cast<int>(outcome.holder.value);
      entry.is_asked = false;
      by_task_[outcome.task] = outcome.call;
    }
    if (!std::exchange(entry.is_logged, true)) entry.owner->log(entry.own_number);
  }
  changed_.notify_all();
}

void SubCalls::on_results(const wire::ResultBatch& batch) {
  std::lock_guard lock(mutex_);
  std::size_t position = 0;
  for (const wire::ResultEntry& result : batch.results) {
    const auto bytes = batch.bytes.subspan(position, result.bytes);
    position += result.bytes;
    const auto number = by_task_.find(result.task);
    // Not found there any more: its loss was noticed, and its new place will be told.
    if (number == by_task_.end() || result.found == 0) continue;
    entries_.at(number->second).result = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  }
  changed_.notify_all();
}

void SubCalls::on_peer_lost(int rank) {
  std::lock_guard lock(mutex_);
  for (auto& [number, entry] : entries_) {
    if (entry.state != CallState::finished || entry.holder != rank || entry.result != nullptr) continue;
    by_task_.erase(entry.task);
    entry.state = CallState::pending;
    entry.is_asked = false;
  }
}

void SubCalls::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace rankine::runtime
