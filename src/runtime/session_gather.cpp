// Values that rank 0 gathers for the script: whether there is room for them is asked before anything is computed, and they
// are put together block by block, so that near one copy of them is held at any time.
#include <algorithm>

#include "base/check.hpp"
#include "exec/clock.hpp"
#include "runtime/current_run.hpp"
#include "runtime/memory_need.hpp"

namespace rankine::runtime {
namespace {

/// Blocks on their way to rank 0 at a time: enough to hide latency.
constexpr Bytes fetch_window{std::uint64_t{16} << 20};
/// Smaller values are not asked about: no limit is that tight.
constexpr Bytes least_asked{std::uint64_t{1} << 20};

std::string mib_setting(Bytes bytes) { return std::to_string((bytes.value >> 20) + 1) + "MiB"; }

}  // namespace

/// What the script holds on this rank, beyond the unrest that the program itself has.
Bytes Session::held_by_script() {
  const Bytes limit = memory_.limit() - std::min(memory_.limit(), memory_.program());
  const Bytes held = memory_.held();
  return held.value <= limit.value / 16 ? Bytes{} : held;
}

void Session::reserve_memory(CurrentRun& run) {
  const auto& sinks = run.graph->logical().sinks;
  Bytes gathered, largest_block;
  const plan::Layer* largest = nullptr;
  std::set<LayerId> counted;
  for (std::size_t number = 0; number < sinks.size(); ++number) {
    if (sinks[number].kind != plan::SinkKind::value) continue;
    const plan::Layer& layer = run.graph->value_layer(number);
    const Bytes bytes{static_cast<std::uint64_t>(element_count(sinks[number].values->shape)) * size_of(layer.dtype)};
    if (!counted.insert(layer.id).second) continue;
    gathered += bytes;
    if (layer.task_count != 0) largest_block = std::max(largest_block, run.graph->output_bytes(TaskId{layer.first_task}));
    if (largest == nullptr || bytes > Bytes{static_cast<std::uint64_t>(element_count(largest->grid.shape())) * size_of(largest->dtype)})
      largest = &layer;
  }
  const bool has_limit = options_.own_worker.memory_limit.value != 0;
  run.held_by_script = has_limit ? held_by_script() : Bytes{};
  if (gathered < least_asked) return;
  // A rank that works alone also needs room for the tasks, beside blocks of the value that are made already.
  const bool alone = live_workers() == 1 && peers_[0].joined;
  const bool spills = peers_[0].description.scratch.value != 0;
  Bytes beside = largest_block + largest_block;
  if (alone && !spills) beside = std::max(beside, largest_need(*run.graph).bytes);
  const Bytes program = memory_.program();
  const Bytes room = memory_.limit() - std::min(memory_.limit(), program);
  const Bytes held = has_limit ? run.held_by_script : held_by_script();
  if (gathered + beside + held <= room) return;
  const Shape& shape = largest->grid.shape();
  std::string what = "values of " + format_bytes(gathered) + " (" + name_of(largest->dtype) + " of shape " + format_tuple(shape);
  if (counted.size() > 1) what += " and " + std::to_string(counted.size() - 1) + " more";
  what += ") would be gathered on rank 0, which has room for " +
          format_bytes(room - std::min(room, held + beside)) + ": of its memory limit of " + format_bytes(options_.own_worker.memory_limit.value != 0 ? options_.own_worker.memory_limit : memory_.limit()) +
          " the program takes " + format_bytes(program);
  if (held.value != 0) what += ", what the script holds already " + format_bytes(held);
  throw Error(ExitCode::resources, what + ", and blocks on their way " + format_bytes(beside) +
                                       "; write it with to_netcdf or to_zarr, select or reduce it first, or raise --memory-limit to " +
                                       mib_setting(least_limit(gathered + beside + held, program)));
}

namespace {

NdArray& whole_of(std::map<LayerId, NdArray>& wholes, const plan::Layer& layer) {
  const auto found = wholes.find(layer.id);
  if (found != wholes.end()) return found->second;
  return wholes.emplace(layer.id, NdArray(layer.dtype, layer.grid.shape())).first->second;
}

}  // namespace

void Session::ask_for_values(CurrentRun& run) {
  Bytes under_way;
  for (const auto& [task, rank] : run.asked) under_way += run.graph->output_bytes(task);
  // Blocks of this rank are let go of between two such looks.
  while (!run.to_fetch.empty() && under_way < fetch_window) {
    const TaskId task = run.to_fetch.front();
    if (run.taken.contains(task) || run.asked.contains(task) || run.scheduler->state(task) == sched::TaskState::erred) {
      run.to_fetch.pop_front();
      continue;
    }
    const std::optional<WorkerId> holder = run.scheduler->holder(task);
    if (!holder) return;  // lost just now: the run goes on before this does
    run.to_fetch.pop_front();
    under_way += run.graph->output_bytes(task);
    // What is here already is not sent to where it is.
    if (const BlockPtr block = *holder == WorkerId{0} && own_worker_ ? own_worker_->block(task) : nullptr) {
      enter_value(run, task, *block);
      continue;
    }
    run.asked.emplace(task, static_cast<int>(holder->value));
    send(run.id, static_cast<int>(holder->value), wire::BlockRequest{task});
  }
}

void Session::fetch_values(CurrentRun& run) {
  run.to_fetch.clear();
  for (const auto& layer : run.graph->layers()) {
    if (!layer.wanted) continue;
    for (std::uint32_t t = 0; t < layer.task_count; ++t) run.to_fetch.push_back(TaskId{layer.first_task + t});
  }
  until(&run, [&] {
    if (!run.ended) return true;
    ask_for_values(run);
    return run.to_fetch.empty() && run.asked.empty();
  });
}

void Session::enter_value(CurrentRun& run, TaskId task, const Block& block) {
  const plan::Layer& layer = run.graph->layer_of(task);
  const Box box = layer.grid.box_of(run.graph->block_of(task));
  copy_into(StridedView::of(block.parts.at(0)), whole_of(run.wholes, layer), box.begin);
  run.taken.insert(task);
  run.asked.erase(task);
  run.scheduler->on_wanted_taken(exec::now(), task, run.actions);
  apply(run);
}

std::vector<NdArray> Session::gathered_values(CurrentRun& run) const {
  std::vector<NdArray> values;
  const auto& sinks = run.graph->logical().sinks;
  for (std::size_t number = 0; number < sinks.size(); ++number) {
    if (sinks[number].kind != plan::SinkKind::value) continue;
    values.push_back(whole_of(run.wholes, run.graph->value_layer(number)).reshaped(sinks[number].values->shape));
  }
  return values;
}

}  // namespace rankine::runtime
