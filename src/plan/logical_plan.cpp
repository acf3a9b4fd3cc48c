#include "plan/logical_plan.hpp"

#include <unordered_set>

#include "base/byte_stream.hpp"

namespace rankine::plan {

using array::Expr;
using array::ExprPtr;

std::vector<array::StoredArrayPtr> stored_arrays(const LogicalPlan& plan) {
  std::vector<array::StoredArrayPtr> arrays;
  std::unordered_set<const void*> seen;
  const auto visit = [&](const auto& self, const ExprPtr& expr) -> void {
    if (!seen.insert(expr.get()).second) return;
    if (const auto* source = expr->as<array::Source>(); source != nullptr && seen.insert(source->array.get()).second)
      arrays.push_back(source->array);
    for (const auto& input : expr->inputs) self(self, input);
  };
  for (const auto& sink : plan.sinks) visit(visit, sink.values);
  return arrays;
}

void write_to(ByteWriter& writer, const LogicalPlan& plan) {
  writer.put(plan.options);
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
  plan.options = reader.get<PlanOptions>();
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
