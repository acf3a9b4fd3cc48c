#include "plan/logical_plan.hpp"

#include <unordered_set>

#include "array/expr_walk.hpp"
#include "base/byte_stream.hpp"

namespace rankine::plan {

using array::ExprPtr;

std::vector<array::StoredArrayPtr> stored_arrays(const LogicalPlan& plan) {
  std::vector<array::StoredArrayPtr> arrays;
  std::unordered_set<const array::StoredArray*> seen;
  array::InputsFirst walk;
  for (const auto& sink : plan.sinks) {
    walk(sink.values, [&](const ExprPtr& expr) {
      if (const auto* source = expr->as<array::Source>(); source != nullptr && seen.insert(source->array.get()).second)
        arrays.push_back(source->array);
    });
  }
  return arrays;
}

namespace {

// Field by field: equal plans are equal bytes, which the padding of a struct would not be.
void write_to(ByteWriter& writer, const PlanOptions& options) {
  writer.put(options.block_bytes);
  writer.put(options.least_block_bytes);
  writer.put(options.least_blocks);
  writer.put(options.state_bytes);
  writer.put(options.fan_in);
  writer.put(options.push_down);
  writer.put(options.merge_common);
  writer.put(options.share_reads);
}

PlanOptions read_options(ByteReader& reader) {
  PlanOptions options;
  options.block_bytes = reader.get<std::uint64_t>();
  options.least_block_bytes = reader.get<std::uint64_t>();
  options.least_blocks = reader.get<std::uint32_t>();
  options.state_bytes = reader.get<std::uint64_t>();
  options.fan_in = reader.get<std::uint32_t>();
  options.push_down = reader.get<std::uint8_t>() != 0;
  options.merge_common = reader.get<std::uint8_t>() != 0;
  options.share_reads = reader.get<std::uint8_t>() != 0;
  return options;
}

}  // namespace

void write_to(ByteWriter& writer, const LogicalPlan& plan) {
  write_to(writer, plan.options);
  std::vector<ExprPtr> roots;
  for (const auto& sink : plan.sinks) roots.push_back(sink.values);
  array::write_to(writer, roots);
  for (const auto& sink : plan.sinks) {
    writer.put(sink.kind);
    writer.put_string(sink.name);
    writer.put(sink.output);
    writer.put(sink.variable);
    writer.put_vector(sink.stored_chunk);
  }
}

LogicalPlan read_logical_plan(ByteReader& reader) {
  LogicalPlan plan;
  plan.options = read_options(reader);
  for (auto& root : array::read_exprs(reader)) plan.sinks.push_back({SinkKind::value, std::move(root), {}, 0, 0, {}});
  for (auto& sink : plan.sinks) {
    sink.kind = reader.get<SinkKind>();
    sink.name = reader.get_string();
    sink.output = reader.get<std::uint32_t>();
    sink.variable = reader.get<std::uint32_t>();
    sink.stored_chunk = reader.get_vector<std::int64_t>();
  }
  return plan;
}

}  // namespace rankine::plan
