#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rankine::transport {

/// What the threads of a rank are running, in memory that it shares with its supervisor: when the rank dies, the
/// supervisor can say during which tasks. Lock-free, so that a death at any moment leaves it readable.
class RunningTasks {
 public:
  RunningTasks();
  ~RunningTasks();
  RunningTasks(const RunningTasks&) = delete;
  RunningTasks& operator=(const RunningTasks&) = delete;

  /// `label` is not 0. Gives the place to be handed to end().
  std::size_t begin(std::uint64_t label);
  void end(std::size_t place);
  std::vector<std::uint64_t> list() const;

  /// One pair of calls around a task.
  class Entry {
   public:
    Entry(RunningTasks* tasks, std::uint64_t label) : tasks_(tasks), place_(tasks ? tasks->begin(label) : 0) {}
    ~Entry() { if (tasks_ != nullptr) tasks_->end(place_); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
   private:
    RunningTasks* tasks_;
    std::size_t place_;
  };

 private:
  static constexpr std::size_t places = 1024;  // more threads than that go unlisted
  std::atomic<std::uint64_t>* labels_ = nullptr;
};

}  // namespace rankine::transport
