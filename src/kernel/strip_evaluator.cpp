#include "kernel/strip_evaluator.hpp"

#include <algorithm>
#include <cstring>

namespace rankine::kernel {
namespace {

/// x ** 2 is what scripts write for a square; NumPy multiplies there too.
bool is_square(const Instruction& instruction, const std::vector<const std::byte*>& constants) {
  if (instruction.op != Op::power || constants[instruction.registers[1]] == nullptr) return false;
  const std::byte* exponent = constants[instruction.registers[1]];
  if (instruction.operand == DType::float64) {
    double value;
    std::memcpy(&value, exponent, sizeof value);
    return value == 2;
  }
  if (instruction.operand == DType::float32) {
    float value;
    std::memcpy(&value, exponent, sizeof value);
    return value == 2;
  }
  return false;
}

}  // namespace

StripEvaluator::StripEvaluator(const Program& program, std::span<const StridedView> inputs,
                               std::span<const AxisGroup> groups) {
  RANKINE_CHECK(!inputs.empty() && inputs.size() == program.inputs.size(), "a program's inputs are not all given");
  sources_.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    RANKINE_CHECK(inputs[i].dtype == program.inputs[i], "an input has another dtype than the program says");
    sources_.emplace_back(inputs[i], groups);
  }
  bases_.assign(inputs.size(), 0);
  result_ = program.instructions.empty() ? 0 : inputs.size() + program.instructions.size() - 1;
  result_dtype_ = program.result_dtype();
  result_bytes_ = size_of(result_dtype_);
  in_place_ = program.instructions.empty() && sources_[0].is_affine() && !sources_[0].is_constant();
  plan_registers(program);
}

void StripEvaluator::plan_registers(const Program& program) {
  const auto new_buffer = [this] { return buffers_.emplace_back(static_cast<std::size_t>(strip_elements) * 8).data(); };
  const std::size_t input_count = program.inputs.size();
  const std::size_t register_count = input_count + program.instructions.size();

  std::vector<std::size_t> last_use(register_count, 0);
  std::vector<bool> used(register_count, false);
  used[result_] = true;
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    const Instruction& instruction = program.instructions[i];
    for (int k = 0; k < operand_count(instruction.op); ++k) {
      RANKINE_CHECK(instruction.registers[k] < input_count + i, "an instruction reads a later register");
      last_use[instruction.registers[k]] = i;
      used[instruction.registers[k]] = true;
    }
  }
  last_use[result_] = register_count;

  values_.assign(register_count, nullptr);
  std::vector<const std::byte*> constants(register_count, nullptr);
  input_buffers_.assign(input_count, nullptr);
  for (std::size_t i = 0; i < input_count; ++i) {
    if (!used[i]) continue;
    std::byte* buffer = new_buffer();
    if (sources_[i].is_constant()) {
      sources_[i].splat(buffer, strip_elements);
      constants[i] = values_[i] = buffer;
    } else {
      varying_inputs_.push_back(static_cast<std::uint32_t>(i));
      input_buffers_[i] = buffer;
    }
  }

  std::vector<std::byte*> free_buffers;
  std::vector<std::byte*> own(register_count, nullptr);
  for (std::size_t i = 0; i < program.instructions.size(); ++i) {
    Instruction instruction = program.instructions[i];
    const std::size_t target = input_count + i;
    if (!used[target]) continue;
    if (is_square(instruction, constants)) instruction.op = Op::square;
    const int operands = operand_count(instruction.op);
    for (int k = operands; k < 3; ++k) instruction.registers[k] = instruction.registers[0];
    bool constant = true;
    for (int k = 0; k < operands; ++k) constant = constant && constants[instruction.registers[k]] != nullptr;
    const StripKernel kernel = find_kernel(instruction.op, instruction.operand, instruction.result);
    Step step{kernel, instruction.registers, static_cast<std::uint32_t>(target), nullptr};
    if (constant) {
      step.buffer = new_buffer();
      kernel(values_[step.registers[0]], values_[step.registers[1]], values_[step.registers[2]], step.buffer,
             strip_elements);
      constants[target] = values_[target] = step.buffer;
      continue;
    }
    // The target is taken before the operands are given back: no kernel writes over its operands.
    if (free_buffers.empty()) free_buffers.push_back(new_buffer());
    step.buffer = own[target] = free_buffers.back();
    free_buffers.pop_back();
    for (int k = 0; k < operands; ++k) {
      const std::uint32_t operand = instruction.registers[k];
      if (own[operand] == nullptr || last_use[operand] != i) continue;
      free_buffers.push_back(own[operand]);
      own[operand] = nullptr;
    }
    steps_.push_back(step);
  }
}

void StripEvaluator::move_to(std::span<const std::int64_t> outer) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    bases_[i] = 0;
    for (std::size_t g = 0; g < outer.size(); ++g) bases_[i] += sources_[i].offset_of(g, outer[g]);
  }
}

void StripEvaluator::load_inputs(std::int64_t row, std::int64_t rows, std::int64_t column,
                                 std::int64_t columns) {
  for (const std::uint32_t i : varying_inputs_)
    values_[i] = sources_[i].load(bases_[i], row, rows, column, columns, input_buffers_[i]);
}

void StripEvaluator::run_steps(std::int64_t count, std::byte* last_buffer) {
  for (const Step& step : steps_) {
    std::byte* out = step.target == result_ && last_buffer != nullptr ? last_buffer : step.buffer;
    step.kernel(values_[step.registers[0]], values_[step.registers[1]], values_[step.registers[2]], out,
                static_cast<std::size_t>(count));
    values_[step.target] = out;
  }
}

StripEvaluator::Tile StripEvaluator::evaluate(std::int64_t row, std::int64_t rows, std::int64_t column,
                                              std::int64_t columns) {
  const auto bytes = static_cast<std::int64_t>(result_bytes_);
  if (in_place_) {
    const StripSource& source = sources_[0];
    return {source.data() + bases_[0] + row * source.row_stride() + column * bytes, source.row_stride() / bytes};
  }
  load_inputs(row, rows, column, columns);
  run_steps(rows * columns, nullptr);
  return {values_[result_], columns};
}

void StripEvaluator::evaluate_into(std::byte* out, std::int64_t row, std::int64_t column, std::int64_t columns) {
  load_inputs(row, 1, column, columns);
  run_steps(columns, out);
  if (values_[result_] != out) std::memcpy(out, values_[result_], static_cast<std::size_t>(columns) * result_bytes_);
}

}  // namespace rankine::kernel
