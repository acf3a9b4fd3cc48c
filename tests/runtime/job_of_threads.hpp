#pragma once
#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "report/reporter.hpp"
#include "runtime/session.hpp"
#include "transport/loopback/loopback.hpp"
#include "transport/peer_watch.hpp"
#include "wire/messages.hpp"

/// A whole job in this process: rank 0 on the calling thread, each other rank on a thread of its own.
class JobOfThreads {
 public:
  struct Options {
    int ranks = 3;
    unsigned threads = 1;
    bool scheduler_works = false;
    std::vector<std::string> resources = {};  ///< by rank
    std::uint64_t silence_ms = 10'000;        ///< after which a rank is taken for lost
    double checkpoint_every_s = 60;
    const volatile std::sig_atomic_t* asked_to_leave = nullptr;
    rankine::Bytes read_ahead = {};
    const volatile std::sig_atomic_t* interrupted = nullptr;
    double drain_s = 120;
    bool reports_deaths = false;              ///< kill() ends a rank's thread, and rank 0 hears of it at once
    /// Called with every frame that rank 0 sends or takes, and with the rank whenever another one takes a frame.
    std::function<void(const rankine::wire::Message&)> on_frame = {};
    std::function<void(int rank)> on_turn = {};
  };
  /// A rank that can fall silent for ever, as if it had died.
  class MortalTransport final : public rankine::transport::Transport {
   public:
    explicit MortalTransport(std::unique_ptr<Transport> inner) : inner_(std::move(inner)) {}
    int rank() const override { return inner_->rank(); }
    int size() const override { return inner_->size(); }
    void send(int to, std::vector<std::byte> frame) override {
      if (on_frame && !is_dead) on_frame(rankine::wire::decode(frame).message);
      if (!is_dead) inner_->send(to, std::move(frame));
    }
    bool poll(rankine::transport::Frame& out) override {
      if (!is_dead) {
        const bool any = inner_->poll(out);
        if (any && on_frame) on_frame(rankine::wire::decode(out.bytes).message);
        if (any && on_turn) on_turn(rank());
        return any;
      }
      if (!may_end) return false;
      out = {0, rankine::wire::encode({}, rankine::wire::Shutdown{})};
      return true;
    }
    void progress() override {}
    void forget(int rank) override { inner_->forget(rank); }
    bool idle() const override { return true; }
    rankine::Bytes outgoing_bytes() const override { return {}; }
    bool wakes_on_arrival() const override { return true; }
    std::atomic<bool> is_dead = false, may_end = false;
    std::function<void(const rankine::wire::Message&)> on_frame;
    std::function<void(int rank)> on_turn;

   private:
    std::unique_ptr<Transport> inner_;
  };
  /// Tells rank 0 of the ranks that kill() has ended.
  class Deaths final : public rankine::transport::PeerWatch {
   public:
    explicit Deaths(JobOfThreads& job) : job_(job) {}
    bool has_deaths() const override { return !new_.empty(); }
    std::vector<rankine::transport::PeerDeath> take_deaths() override { return std::exchange(new_, {}); }
    bool watches(int) const override { return true; }
    void order_kill(int rank) override { job_.kill(rank); }
    void add(int rank) { new_.push_back({rank, true, 9, {}}); }

   private:
    JobOfThreads& job_;
    std::vector<rankine::transport::PeerDeath> new_;
  };

  JobOfThreads(const rankine::runtime::TaskLibrary& library, Options options) {
    using namespace rankine;
    std::vector<exec::Notifier*> wake;
    for (int rank = 0; rank < options.ranks; ++rank) {
      notifiers_.push_back(std::make_unique<exec::Notifier>());
      wake.push_back(notifiers_.back().get());
    }
    for (auto& endpoint : transport::make_loopback(wake)) {
      endpoints_.push_back(std::make_unique<MortalTransport>(std::move(endpoint)));
      if (endpoints_.size() == 1) endpoints_[0]->on_frame = options.on_frame;
      else endpoints_.back()->on_turn = options.on_turn;
    }
    if (options.reports_deaths) deaths_ = std::make_unique<Deaths>(*this);
    const auto worker_options = [&](int rank) {
      runtime::RankWorkerOptions worker;
      worker.threads = options.threads;
      worker.library = &library;
      worker.read_ahead = options.read_ahead;
      worker.heartbeat_interval_ms = options.silence_ms / 10;
      if (static_cast<std::size_t>(rank) < options.resources.size()) worker.resources = options.resources[static_cast<std::size_t>(rank)];
      return worker;
    };
    for (int rank = 1; rank < options.ranks; ++rank)
      ranks_.emplace_back([this, rank, worker = worker_options(rank)] {
        runtime::serve(*endpoints_[static_cast<std::size_t>(rank)], *notifiers_[static_cast<std::size_t>(rank)], worker, "node");
      });
    report::ReporterOptions quiet;
    quiet.verbosity = report::Verbosity::quiet;
    quiet.progress = report::ProgressStyle::off;
    reporter_ = std::make_unique<report::Reporter>(quiet);
    runtime::SessionOptions session;
    session.scheduler_works = options.scheduler_works || options.ranks == 1;
    session.own_worker = worker_options(0);
    session.node_name = "node";
    session.checkpoint_every_s = options.checkpoint_every_s;
    session.asked_to_leave = options.asked_to_leave;
    session.interrupted = options.interrupted;
    session.drain_s = options.drain_s;
    session.watch = deaths_.get();
    session.heartbeats.timeout_ms = options.silence_ms;
    session.heartbeats.interval_ms = options.silence_ms / 10;
    session_ = std::make_unique<runtime::Session>(*endpoints_[0], *notifiers_[0], session, *reporter_);
  }
  ~JobOfThreads() {
    session_->shutdown();
    for (std::size_t rank = 0; rank < endpoints_.size(); ++rank) {
      endpoints_[rank]->may_end = true;
      notifiers_[rank]->notify();
    }
    for (auto& rank : ranks_)
      if (rank.joinable()) rank.join();
  }
  rankine::runtime::Session& session() { return *session_; }
  /// Where deaths are reported, nothing of the rank runs any more when this returns; else it only falls silent. From rank 0's
  /// thread where they are reported.
  void kill(int rank) {
    MortalTransport& endpoint = *endpoints_[static_cast<std::size_t>(rank)];
    if (endpoint.is_dead.exchange(true) || !deaths_) return;
    endpoint.may_end = true;
    notifiers_[static_cast<std::size_t>(rank)]->notify();
    ranks_[static_cast<std::size_t>(rank) - 1].join();
    deaths_->add(rank);
  }
  /// As a program ends its job.
  void end(int status) {
    if (status == 0) session_->end_progress(status);
    session_->shutdown();
    if (status != 0) session_->end_progress(status);
  }
  rankine::runtime::Calls& calls() { return session_->calls(); }

 private:
  std::vector<std::unique_ptr<rankine::exec::Notifier>> notifiers_;
  std::vector<std::unique_ptr<MortalTransport>> endpoints_;
  std::unique_ptr<Deaths> deaths_;
  std::unique_ptr<rankine::report::Reporter> reporter_;
  std::unique_ptr<rankine::runtime::Session> session_;
  std::vector<std::thread> ranks_;
};
