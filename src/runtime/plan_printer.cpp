#include "runtime/plan_printer.hpp"

#include <cstdio>
#include <limits>

#include "runtime/run_plan.hpp"

namespace rankine::runtime {

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
  for (const auto& array : plan::stored_arrays(logical))
    if (array->storage == array::Storage::chunked && array->index == nullptr) store::load_chunk_index(*array);
  const std::vector<std::byte> bytes = encode_run_plan(logical, {});
  const RunPlanPtr plan = lower_run_plan(bytes);
  if (plan_count_++ != 0) std::printf("\n");
  std::printf("plan %zu\n%s", plan_count_, plan->lowered.describe_layers().c_str());
  for (const auto& output : request.outputs) std::printf("output %s\n", output.path.c_str());

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
