#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "report/reporter.hpp"
#include "runtime/session.hpp"
#include "transport/loopback/loopback.hpp"

/// A whole job in this process: rank 0 on the calling thread, each other rank on a thread of its own.
class JobOfThreads {
 public:
  struct Options {
    int ranks = 3;
    unsigned threads = 1;
    bool scheduler_works = false;
    std::vector<std::string> resources = {};  ///< by rank
  };
  JobOfThreads(const rankine::runtime::TaskLibrary& library, Options options) {
    using namespace rankine;
    std::vector<exec::Notifier*> wake;
    for (int rank = 0; rank < options.ranks; ++rank) {
      notifiers_.push_back(std::make_unique<exec::Notifier>());
      wake.push_back(notifiers_.back().get());
    }
    endpoints_ = transport::make_loopback(wake);
    const auto worker_options = [&](int rank) {
      runtime::RankWorkerOptions worker;
      worker.threads = options.threads;
      worker.library = &library;
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
    session_ = std::make_unique<runtime::Session>(*endpoints_[0], *notifiers_[0], session, *reporter_);
  }
  ~JobOfThreads() {
    session_->shutdown();
    for (auto& rank : ranks_) rank.join();
  }
  rankine::runtime::Session& session() { return *session_; }
  rankine::runtime::Calls& calls() { return session_->calls(); }

 private:
  std::vector<std::unique_ptr<rankine::exec::Notifier>> notifiers_;
  std::vector<std::unique_ptr<rankine::transport::Transport>> endpoints_;
  std::unique_ptr<rankine::report::Reporter> reporter_;
  std::unique_ptr<rankine::runtime::Session> session_;
  std::vector<std::thread> ranks_;
};
