#include "runtime/plan_printer.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <thread>

#include "base/printable.hpp"
#include "plan/plan_picture.hpp"
#include "runtime/draw_graph.hpp"
#include "runtime/file_opening.hpp"
#include "runtime/memory_need.hpp"
#include "runtime/moved_chunks.hpp"
#include "runtime/run_plan.hpp"
#include "sim/scale.hpp"

namespace rankine::runtime {

namespace {

/// out.svg, out-2.svg, out-3.svg ...
std::string picture_file(const std::string& path, std::size_t number) {
  if (number == 1) return path;
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos) return path;
  return path.substr(0, dot) + "-" + std::to_string(number) + path.substr(dot);
}

/// Tasks meet differently in every run: a quarter more, and the two largest tasks. Measured in tests/mpi/forecast.py.
Bytes promised_bytes(const sim::ScaleResult& forecast, const plan::LoweredPlan& plan, const ForecastJob& job) {
  const Bytes promised{forecast.peak_needed.value / 4 * 5 + 2 * largest_need(plan).bytes.value};
  const Bytes limit = job.memory_limit.value_or(Bytes{});
  return job.spills && limit.value != 0 ? std::min(promised, limit) : promised;
}

}  // namespace

void PlanPrinter::print_forecast(const std::shared_ptr<const plan::LoweredPlan>& plan) const {
  sim::ScaleOptions options;
  // Rank 0 of a job of several ranks schedules; run's --scheduler-works may add its threads.
  options.worker_count = std::max(1u, job_.ranks - 1);
  options.workers_per_node = options.worker_count;
  options.threads_per_worker = job_.threads;
  if (job_.memory_limit) options.memory_limit = memory_budget(*job_.memory_limit, job_.program);
  constexpr Bytes unbounded{std::uint64_t{1} << 60};
  if (job_.spills && options.memory_limit.value != 0) options.scratch = job_.spill_limit.value != 0 ? job_.spill_limit : unbounded;
  sim::ScaleResult forecast = sim::simulate_at_scale(plan, options);
  constexpr unsigned small_job = 4;  // where rank 0 may work too: what it holds counts, what it runs is a bonus
  if (job_.ranks > 1 && job_.ranks <= small_job) {
    sim::ScaleOptions all = options;
    all.worker_count = all.workers_per_node = job_.ranks;
    const sim::ScaleResult with_rank_0 = sim::simulate_at_scale(plan, all);
    forecast.peak_held = std::max(forecast.peak_held, with_rank_0.peak_held);
    forecast.peak_needed = std::max(forecast.peak_needed, with_rank_0.peak_needed);
    forecast.bytes_moved = std::max(forecast.bytes_moved, with_rank_0.bytes_moved);
  }
  std::printf("forecast for %u working rank%s of %u thread%s: about %.2g s once started, blocks of at most %s held a rank, "
              "%s with inputs and buffers, never more than %s, %s moved between ranks, threads busy %.0f %%\n",
              options.worker_count, options.worker_count == 1 ? "" : "s", job_.threads, job_.threads == 1 ? "" : "s",
              forecast.makespan_s, format_bytes(forecast.peak_held).c_str(), format_bytes(forecast.peak_needed).c_str(), format_bytes(promised_bytes(forecast, *plan, job_)).c_str(),
              format_bytes(forecast.bytes_moved).c_str(),
              100 * forecast.busy_share);
  if (forecast.bytes_spilled.value != 0)
    std::printf("memory runs short: about %s spilled to scratch and read back, at most %s there a rank%s\n",
                format_bytes(forecast.bytes_spilled).c_str(), format_bytes(forecast.peak_scratch).c_str(),
                options.scratch < forecast.peak_scratch ? ", more than --spill-limit: results are computed again" : "");
  else if (!job_.spills && forecast.forced != 0)
    std::printf("memory runs short and nothing is spilled: %u tasks run beyond the memory limit\n", forecast.forced);
}

std::vector<NdArray> PlanPrinter::print(const PlanRequest& request) {
  plan::LogicalPlan logical = plan::simplify(request.plan);
  for (auto& sink : logical.sinks) {
    if (sink.kind == plan::SinkKind::value) continue;
    // As creating the output would decide: compressed or chunked NetCDF-4 has one owner.
    const array::OutputSpec& output = request.outputs[sink.output];
    const bool netcdf4 = output.format == array::OutputFormat::netcdf4 || output.format == array::OutputFormat::netcdf4_classic;
    const bool chunked = !output.variables[sink.variable].chunk_shape.empty();
    sink.kind = netcdf4 && chunked ? plan::SinkKind::owner : plan::SinkKind::write;
    if (!array::is_zarr(output.format) && !chunked) sink.stored_chunk = {};
  }
  OpeningRequest indexes;
  for (const auto& array : plan::stored_arrays(logical))
    if (array->storage == array::Storage::chunked && array->index == nullptr) indexes.arrays.push_back(array);
  if (indexes.size() != 0) throw_failures(open_files_here(indexes, std::max(1u, std::thread::hardware_concurrency())));
  const std::vector<std::byte> bytes = encode_run_plan(logical, {});
  const RunPlanPtr plan = lower_run_plan(bytes);
  if (plan_count_++ != 0) std::printf("\n");
  std::printf("plan %zu\n%s", plan_count_, plan->lowered.describe_layers().c_str());
  for (const auto& layer : plan->lowered.layers()) {
    if (layer.kind != plan::LayerKind::write && layer.kind != plan::LayerKind::encode) continue;
    const plan::Sink& sink = logical.sinks[static_cast<std::size_t>(layer.sink)];
    const MovedChunks::Count count = MovedChunks(layer.expr, request.outputs[sink.output].variables[sink.variable]).count();
    if (count.moved != 0)
      std::printf("moves %lld of %lld chunks of %s as they are stored, without decoding\n", static_cast<long long>(count.moved),
                  static_cast<long long>(count.all), sink.name.c_str());
  }
  for (const auto& output : request.outputs) std::printf("output %s\n", printable(output.path).c_str());
  if (!job_.graph_file.empty()) {
    const std::string file = picture_file(job_.graph_file, plan_count_);
    draw_graph(plan::picture_of(plan->lowered), file);
    std::printf("picture %s\n", printable(file).c_str());
  }
  if (job_.memory_limit) refuse_too_large(plan->lowered, *job_.memory_limit, job_.program);
  if (job_.ranks != 0) print_forecast(std::shared_ptr<const plan::LoweredPlan>(plan, &plan->lowered));

  std::vector<NdArray> values;
  for (const auto& sink : logical.sinks) {
    if (sink.kind != plan::SinkKind::value) continue;
    NdArray value = NdArray::zeros(sink.values->dtype, sink.values->shape);
    dispatch(value.dtype(), [&]<typename T>() {
      if constexpr (std::is_floating_point_v<T>)
        for (T& element : value.values<T>()) element = std::numeric_limits<T>::quiet_NaN();
    });
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace rankine::runtime
