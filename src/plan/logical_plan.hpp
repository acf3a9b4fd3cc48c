#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "array/expr.hpp"
#include "base/ids.hpp"

namespace rankine::plan {

/// Where a result goes.
enum class SinkKind : std::uint8_t {
  value,   ///< to the client: wanted blocks stay on the workers until they are fetched
  write,   ///< any rank encodes and writes (Zarr chunk files, pwrite at known offsets)
  owner,   ///< any rank encodes, the file's one owner appends (compressed NetCDF-4)
};

struct Sink {
  SinkKind kind = SinkKind::value;
  array::ExprPtr values;
  std::string name;          ///< "t2m in out.nc", for messages
  std::uint32_t output = 0;  ///< number of the output target, for write and owner
  std::uint32_t variable = 0;
  Shape stored_chunk;        ///< blocks are made of whole stored chunks; empty: any box will do
};

/// Switches and sizes of lowering. None depends on ranks, threads or memory: the blocks, and with
/// them the order of every addition, are the same on any machine.
struct PlanOptions {
  std::uint64_t block_bytes = 16u << 20;     ///< a block aims at this many bytes: few tasks, small in memory
  std::uint64_t least_block_bytes = 1u << 20;///< smaller blocks are made only if chunks are
  std::uint32_t least_blocks = 64;           ///< smaller inputs are cut further so that many cores have work
  std::uint64_t state_bytes = 32u << 20;     ///< largest partial result of a combining task
  std::uint32_t fan_in = 16;                 ///< partial results merged by one task
  bool push_down = true;                     ///< slices move below reductions into the reader
  bool merge_common = true;                  ///< equal subexpressions are computed once
  bool share_reads = true;                   ///< what several results need at the same time is read once
};

/// What rank 0 broadcasts: every rank lowers the same bytes to the same layers.
struct LogicalPlan {
  std::vector<Sink> sinks;
  PlanOptions options;
};

/// Push-down, constant folding and common-subexpression merging, on rank 0, before the broadcast.
LogicalPlan simplify(LogicalPlan plan);

/// Every stored array that the plan reads, each once.
std::vector<array::StoredArrayPtr> stored_arrays(const LogicalPlan& plan);

void write_to(ByteWriter& writer, const LogicalPlan& plan);
LogicalPlan read_logical_plan(ByteReader& reader);

}  // namespace rankine::plan
