#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exec/notifier.hpp"
#include "runtime/calls.hpp"
#include "wire/messages.hpp"

namespace rankine::runtime {

/// The calls that calls on this worker have submitted. Threads that run calls ask and wait here; the communication thread
/// takes away what is to be sent and brings what has arrived.
class SubCalls {
 public:
  SubCalls(wire::RunId run, int rank, const TaskLibrary& library, exec::Notifier& wake)
      : run_(run), rank_(rank), library_(library), wake_(wake) {}

  /// Of one execution of a call: its own submissions, numbered for itself. `blocked` is called from its thread when it
  /// begins and ends to wait; it may throw to refuse.
  std::unique_ptr<Calls> for_call(std::int32_t priority, std::function<void(bool blocked)> blocked);

  // For the communication thread.
  struct Outgoing {
    int to = 0;
    std::vector<std::byte> frame;
  };
  std::vector<Outgoing> take_outgoing();
  void on_outcomes(const wire::CallOutcomes& message);
  void on_results(const wire::ResultBatch& batch);
  void on_peer_lost(int rank);
  /// Everybody who waits throws, now and later: the run is over.
  void stop();

 private:
  class Port;
  struct Entry {
    CallState state = CallState::pending;
    TaskId task;
    int holder = -1;
    bool is_logged = false;
    bool is_asked = false;
    CallError error;
    CallResult result;
    Port* owner = nullptr;
    CallId own_number;
  };
  void push(int to, const wire::Message& message) {
    outgoing_.push_back({to, wire::encode(run_, message)});
    wake_.notify();
  }

  wire::RunId run_;
  int rank_;
  const TaskLibrary& library_;
  exec::Notifier& wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t next_ = 0;
  std::unordered_map<std::uint32_t, Entry> entries_;  ///< by the number that rank 0 knows them by
  std::unordered_map<TaskId, std::uint32_t> by_task_;
  std::vector<Outgoing> outgoing_;
  bool stopped_ = false;
};

}  // namespace rankine::runtime
