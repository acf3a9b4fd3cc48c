#include "runtime/run_plan.hpp"

#include "base/byte_stream.hpp"

namespace rankine::runtime {

std::vector<std::byte> encode_run_plan(const plan::LogicalPlan& plan, const std::vector<store::OutputTarget>& outputs,
                                       const SavedBlocks& saved, bool keeps_journal) {
  ByteWriter writer;
  plan::write_to(writer, plan);
  writer.put_count(outputs.size());
  for (const auto& output : outputs) store::write_to(writer, output);
  saved.write_to(writer);
  writer.put<std::uint8_t>(keeps_journal ? 1 : 0);
  return writer.take();
}

RunPlanPtr lower_run_plan(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  plan::LogicalPlan logical = plan::read_logical_plan(reader);
  std::vector<store::OutputTarget> outputs(reader.get_count());
  for (auto& output : outputs) output = store::read_output_target(reader);
  SavedBlocks saved = SavedBlocks::read_from(reader);
  const bool keeps_journal = reader.get<std::uint8_t>() != 0;
  return std::make_shared<const RunPlan>(
      RunPlan{plan::LoweredPlan(std::move(logical)), std::move(outputs), std::move(saved), keeps_journal});
}

}  // namespace rankine::runtime
