#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exec/notifier.hpp"
#include "transport/peer_watch.hpp"

namespace rankine::transport {

/// Counts calls into a library that may never return: odd while one is under way.
using CallMark = std::atomic<std::uint64_t>;

struct LifelineOptions {
  /// Where to listen; empty: on all addresses of this host (job_hosts.hpp).
  std::vector<std::string> addresses = {};
  /// Supervisors are told so often that rank 0 lives.
  std::uint64_t beat_interval_ms = 1000;
  /// Who connects and does not say at once what only a supervisor of this job knows is a stranger: closed after so long, and
  /// sooner when there are more of them than `most_strangers`, the longest silent first.
  std::uint64_t stranger_ms = 3000;
  std::size_t most_strangers = 64;
  /// A call into MPI that takes so long does not come back: after a death it may spin in a queue that the dead has left
  /// half written. Tells it to `on_stuck`, from another thread.
  std::uint64_t stuck_after_ms = 60'000;
};

/// Rank 0's end of the lifelines: a thread of its own that listens, accepts supervisors which know the job's token, and
/// rings `wake` at every death. Nothing here touches MPI.
class Lifelines final : public PeerWatch {
 public:
  Lifelines(exec::Notifier& wake, int size, LifelineOptions options = {});
  ~Lifelines() override;

  /// What supervisors need to connect; empty if this host lets nobody listen.
  const std::string& address() const { return address_; }

  /// While set, deaths are not kept but told to `act` at once, from the thread: for phases in which rank 0 itself may be
  /// caught in MPI and cannot look (start, MPI_Finalize). Deaths that are kept already are told too.
  void on_each_death(std::function<void(const PeerDeath&)> act);
  /// Called from the thread when a supervisor has ended the job because rank 0 was silent: a rank 0 that was stopped and goes on
  /// must not finish what another job may have taken up by then.
  void on_given_up(std::function<void()> act);
  /// Watches the mark from now on.
  void guard(std::shared_ptr<const CallMark> mark, std::function<void()> on_stuck);

  bool has_deaths() const override { return any_.load(std::memory_order_acquire); }
  std::vector<PeerDeath> take_deaths() override;
  bool watches(int rank) const override;
  void order_kill(int rank) override;
  /// Rank 0 is about to leave in order: its end is none of a death. Also said by the destructor.
  void say_farewell();
  /// Connections of whoever has not said yet who they are.
  std::size_t stranger_count() const;
  /// Until every supervisor that ever connected has reported the end of its rank or is gone, at most `longest_ms`; then
  /// orders the end of the rest. The ranks that are left then.
  std::vector<int> await_ends(int longest_ms);

 private:
  struct Line;
  void run();
  void accept_one(int listener);
  void close_strangers(std::int64_t now_ms);
  void beat(std::int64_t now_ms);
  void read_hello(Line& line);
  void read_note(Line& line);
  bool take_note(Line& line, PeerDeath& death);
  void heed(const PeerDeath& death);
  void report(PeerDeath death);
  void look_for_stuck_call();

  exec::Notifier& wake_;
  LifelineOptions options_;
  std::string address_;
  std::uint64_t token_ = 0;
  std::vector<int> listeners_;
  int stop_pipe_[2] = {-1, -1};
  bool said_farewell_ = false;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<int> socket_of_rank_;          ///< -1: none
  std::vector<bool> ended_;                  ///< by rank: its end is known
  std::vector<PeerDeath> deaths_;
  std::atomic<bool> any_{false};
  std::function<void(const PeerDeath&)> act_;
  std::function<void()> on_given_up_;
  std::shared_ptr<const CallMark> mark_;
  std::function<void()> on_stuck_;
  std::uint64_t last_mark_ = 0;
  std::int64_t mark_since_ms_ = 0;
  std::int64_t last_look_ms_ = 0;
  std::int64_t last_beat_ms_ = 0;
  std::thread thread_;
};

}  // namespace rankine::transport
