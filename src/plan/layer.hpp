#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "array/expr.hpp"
#include "base/ids.hpp"
#include "grid/chunk_grid.hpp"
#include "plan/logical_plan.hpp"

namespace rankine::plan {

/// What the tasks of a layer do. F is the layer's fused expression, evaluated on the task's box.
///
/// | kind          | inputs                    | output                                              |
/// |---------------|---------------------------|-----------------------------------------------------|
/// | block         | F's leaves                | F on the box                                        |
/// | reduce        | F's leaves                | partial of F over `axes`, extent 1 along them       |
/// | combine       | partials, `fan_in` at most| their merged partial                                |
/// | finish        | partials                  | the answer: merged, finalised, reduced axes dropped |
/// | group_reduce  | F's leaves                | partial per group that the block meets along `axis` |
/// | group_combine | group partials            | partial per group that they hold together           |
/// | group_finish  | group partials            | the answer for a range of groups                    |
/// | encode        | F's leaves                | encoded stored chunks of F on the box               |
/// | append        | one encode task           | nothing: the owner writes the chunks                |
/// | write         | F's leaves                | nothing: encodes and writes F on the box            |
enum class LayerKind : std::uint8_t {
  block, reduce, combine, finish, group_reduce, group_combine, group_finish, encode, append, write,
};
const char* name_of(LayerKind kind);

/// Dependencies of a layer on one other layer: along each axis of the producer's block grid the range
/// of blocks that a consumer's block needs, as a table over the consumer's blocks along one axis.
struct Edge {
  struct Axis {
    int consumer_axis = -1;                    ///< -1: one range for every consumer block
    std::vector<ChunkGrid::Range> needs;       ///< producer blocks, by consumer block along consumer_axis
    std::vector<std::uint32_t> reader_starts;  ///< CSR by producer block: which consumer blocks need it
    std::vector<std::uint32_t> readers;
  };
  LayerId producer;
  std::vector<Axis> axes;                      ///< one an axis of the producer's grid
};

/// A grid of like tasks. Task = first_task + position of its block (among the needed ones, if some
/// are culled).
struct Layer {
  LayerId id;
  LayerKind kind = LayerKind::block;
  std::string name;
  /// Task grid: its boxes are the boxes of F (block, encode, write), of F's domain (reduce,
  /// group_reduce), or of the output. For combine the cuts along reduced axes only count blocks.
  ChunkGrid grid;
  DType dtype = DType::float64;      ///< of the output block, where it is an array
  array::ExprPtr expr;               ///< F, with LayerInput leaves; null for combine and finish kinds
  kernel::ReduceSpec spec;           ///< the reducing kinds
  std::shared_ptr<const array::UserReduction> user;  ///< reduce, combine, finish: a registered reduction instead of spec
  std::vector<int> axes;             ///< reduce, combine, finish: reduced axes of F's index space
  int axis = -1;                     ///< group kinds: the grouped axis
  array::CodeList codes;             ///< group_reduce: group of each position
  /// group_reduce, group_combine: groups held by block j along `axis`, ascending; the slots of its
  /// partial. group_finish: the groups of output block j are the cuts of `grid`.
  std::vector<std::vector<std::int32_t>> groups;
  int sink = -1;                     ///< index into LogicalPlan::sinks: block (value), encode, append, write
  bool wanted = false;               ///< blocks are kept until the client has fetched them
  PinGroup pin;
  std::vector<Edge> edges;

  Bytes scratch;                     ///< input boxes that a task holds while it runs, at most
  std::uint32_t cost_us = 1;         ///< a task's estimated time

  std::uint32_t first_task = 0;
  std::uint32_t task_count = 0;
  std::vector<std::uint32_t> needed; ///< linear blocks that are computed, ascending; empty: all
};

}  // namespace rankine::plan
