#pragma once
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "array/expr.hpp"
#include "grid/chunk_grid.hpp"
#include "plan/logical_plan.hpp"

namespace rankine::plan {

/// The block grid of another layer, for LayerInput leaves.
using GridOfLayer = std::function<const ChunkGrid&(LayerId)>;

/// Blocks in which to evaluate `expr`: unions of stored chunks (so that no chunk is decoded twice),
/// about options.block_bytes large, widened first along `wide_axes` in that order (the reduced axes
/// of a reduction: fewer partial results), then from the last axis to the first (as chunks lie in the
/// file). Wishes of Rechunk (chunks=, chunk()) are kept, each cut moved to the nearest border of stored chunks. If `aligned` is not empty, all cuts are multiples of it
/// (whole stored chunks of the output), and blocks grow further where that avoids decoding input
/// chunks twice; otherwise a block reads at most about eight times options.block_bytes of stored chunks, or eight times
/// what it gives.
ChunkGrid choose_blocks(const array::ExprPtr& expr, std::span<const int> wide_axes, const Shape& aligned,
                        const PlanOptions& options, const GridOfLayer& grid_of_layer);

/// What an average block of `grid` reads of stored chunks, decoded, as a part of what a block should read at most; 0 if that
/// is certainly little.
double reading_load(const array::ExprPtr& expr, const ChunkGrid& grid, const PlanOptions& options);

/// Blocks of the output of a UserMap whose heaviest input would be cut as `natural`: its own wishes first, core axes
/// whole, and about `target_bytes` read by a block.
ChunkGrid choose_user_blocks(const array::Expr& map, const ChunkGrid& natural, std::uint64_t target_bytes);

/// Blocks for an array that is written in place, in C order: as choose_blocks() has them, but where these hold only
/// short runs of what lies together in the file (a transposed array), others with longer runs, 64 KiB where that does not
/// decode the input more than twice as often.
ChunkGrid choose_row_blocks(const array::ExprPtr& expr, const PlanOptions& options, const GridOfLayer& grid_of_layer);

/// A chunk shape for storing `expr` that fits how it is computed: 4 to 8 MiB where the array is so large, at
/// least one natural chunk. Used where neither user nor input file says how to chunk. Stored chunks of 1 MiB and more that are
/// only moved keep their shape, so that they need not be decoded; `fill` as for array::MovedValues.
Shape suggest_chunks(const array::ExprPtr& expr, const std::optional<NdArray>& fill = {});

}  // namespace rankine::plan
