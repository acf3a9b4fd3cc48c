#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace rankine::sched {

/// Every bound and constant of the policy. None of them changes results, only time and memory.
struct SchedulerOptions {
  /// Executions of a task that may fail before the run does.
  std::uint32_t max_attempts = 3;
  /// A task that has failed for good ends itself and what needs it (TaskErred), not the run.
  bool keep_going = false;
  /// A task during which so many workers have died has failed for good.
  std::uint32_t max_worker_kills = 3;
  /// Delay before the second attempt; doubles with each further one. Spares a file system that has hiccups.
  std::uint32_t retry_delay_ms = 50;
  /// Assignments of one task for any reason (failures, inputs that vanished, lost workers, steals):
  /// beyond it the run fails rather than turning in circles.
  std::uint32_t max_assignments_per_task = 1000;
  /// Tasks a worker holds beyond its threads, so that it never waits for rank 0.
  std::uint32_t queued_ahead_per_worker = 2;
  /// Where tasks are short, so few of them would be done before rank 0 can answer: tasks of measured classes are
  /// queued ahead until they take this long together, per thread, up to a number of them.
  std::uint32_t queued_ahead_us = 500;
  std::uint32_t queued_ahead_limit = 1024;
  /// As queued_ahead_per_worker for root tasks (tasks without inputs: reads): fewer, so that reducing goes first.
  std::uint32_t roots_ahead_per_worker = 1;
  /// Part of a worker's memory limit that held, fetched and running bytes may fill. The rest is for
  /// messages, the heap and what the kernels need besides.
  double admission_fraction = 0.9;
  /// The same for root tasks: the room between the two is there for reductions to run in.
  double root_admission_fraction = 0.6;
  /// Longest stretch of neighbouring root tasks (in the static order) that one worker takes at once.
  std::uint32_t root_run_limit = 16;
  /// Stretches per thread that the root tasks are cut into at least, so that all ends together.
  std::uint32_t root_runs_per_thread = 2;
  /// Price of moving a byte within a node, where a remote one costs 1.
  double same_node_price = 0.25;
  /// For the question whether moving inputs is worth it when work is stolen.
  std::uint32_t assumed_bandwidth_bytes_per_us = 1000;
  /// Victims looked at per steal, and thieves served per event: keeps the work of an event constant.
  std::uint32_t steal_scan_limit = 16;
  std::uint32_t thieves_per_event = 4;
  /// A thief that found nothing worth its while lets so many events pass at most before any thief looks
  /// again; fewer where there are few workers.
  std::uint32_t steal_pause_limit = 64;
  /// Weight of the latest duration in the learned cost of a class of tasks (EWMA); 0: hints are believed for ever.
  double cost_learning_rate = 0.2;
  /// Outputs up to so many bytes that took long are kept at a second worker too. 0: none are.
  Bytes replicate_bytes;
  /// What computing them again must take at least for that.
  std::uint32_t replicate_least_us = 5'000;
};

/// What a worker says of itself when it joins.
struct WorkerDescription {
  std::uint32_t node = 0;  ///< workers of one node share memory: moving bytes between them is cheap
  std::uint32_t threads = 1;
  Bytes memory_limit;      ///< 0: none
  /// How much it has of each labelled resource, by the resource's number; missing ones are 0.
  std::vector<std::uint32_t> resources = {};
  /// Its process is rank 0's: what kills it ends the job, so a task during which workers died goes elsewhere.
  bool hosts_scheduler = false;
  /// What it may put on node-local scratch of what it holds; 0: nothing.
  Bytes scratch = {};
};

}  // namespace rankine::sched
