#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "grid/nd_array.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/program.hpp"
#include "kernel/strip_source.hpp"

namespace rankine::kernel {

/// Evaluates a fused program tile by tile. A tile is a few rows by some columns of the index space, at
/// most strip_elements in all; registers live in buffers that are reused as soon as their last
/// reader is done. Constant inputs, and whatever is computed from constants alone, are evaluated
/// once, when the evaluator is made.
class StripEvaluator {
 public:
  /// `groups`: at least two, of non-zero extents, the last two being rows and columns.
  StripEvaluator(const Program& program, std::span<const StridedView> inputs,
                 std::span<const AxisGroup> groups);

  struct Tile {
    const std::byte* data;
    std::int64_t row_stride;  ///< in elements
  };
  /// Moves to index outer[g] of each group before the rows.
  void move_to(std::span<const std::int64_t> outer);
  /// No instructions, and the input lies so that tiles of any size are views of it.
  bool reads_in_place() const { return in_place_; }
  DType result_dtype() const { return result_dtype_; }
  /// The result over rows x columns; rows * columns <= strip_elements unless reads_in_place().
  Tile evaluate(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns);
  /// The same of one row, written to `out`.
  void evaluate_into(std::byte* out, std::int64_t row, std::int64_t column, std::int64_t columns);

 private:
  struct Step {
    StripKernel kernel;
    std::array<std::uint32_t, 3> registers;
    std::uint32_t target;
    std::byte* buffer;
  };
  void load_inputs(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns);
  void run_steps(std::int64_t count, std::byte* last_buffer);
  void plan_registers(const Program& program);

  std::vector<StripSource> sources_;
  std::vector<std::ptrdiff_t> bases_;
  std::vector<std::uint32_t> varying_inputs_;  ///< those to load for every tile
  std::vector<std::byte*> input_buffers_;
  std::vector<Step> steps_;                    ///< those to run for every tile
  std::vector<const std::byte*> values_;       ///< current value of each register
  std::vector<AlignedBytes> buffers_;
  std::size_t result_ = 0;
  DType result_dtype_ = DType::float64;
  std::size_t result_bytes_ = 1;
  bool in_place_ = false;
};

}  // namespace rankine::kernel
