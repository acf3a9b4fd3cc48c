#include "kernel/reduce.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "kernel/accumulator.hpp"
#include "kernel/strip_evaluator.hpp"

namespace rankine::kernel {
namespace {

/// Lanes that share one long row of reduced elements; each takes every 32nd, so that the additions are
/// independent and vectorise. Short rows use one lane.
constexpr std::int64_t lanes_per_row = 32;

class LaneMemory {
 public:
  explicit LaneMemory(std::int64_t lane_count) : bytes_(static_cast<std::size_t>(lane_count) * 8 * 4) {
    for (std::size_t k = 0; k < 4; ++k)
      lanes_.arrays[k] = bytes_.data() + k * 8 * static_cast<std::size_t>(lane_count);
  }
  const Lanes& lanes() const { return lanes_; }

 private:
  AlignedBytes bytes_;
  Lanes lanes_;
};

struct Output {
  Partial partial;
  std::vector<std::size_t> element_bytes;
  PartPointers at(std::int64_t element) {
    PartPointers pointers{};
    for (std::size_t p = 0; p < partial.size(); ++p)
      pointers[p] = partial[p].raw() + static_cast<std::size_t>(element) * element_bytes[p];
    return pointers;
  }
};

Output allocate(const ReduceSpec& spec, const Shape& shape) {
  Output out;
  for (const DType dtype : partial_dtypes(spec)) {
    out.partial.emplace_back(dtype, shape);
    out.element_bytes.push_back(size_of(dtype));
  }
  return out;
}

void check_inputs(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                  const ReduceSpec& spec) {
  RANKINE_CHECK(program.result_dtype() == spec.input, "a reduction's input dtype is not the program's result");
  for (const StridedView& input : inputs)
    RANKINE_CHECK(input.shape == shape, "an input of a program has not the shape of its block");
}

/// Neighbouring axes of one kind merged, extents of 1 left out; the kinds alternate. At least two
/// groups, the last two being rows and columns. The order of additions follows from this list.
struct ReductionSpace {
  std::vector<AxisGroup> groups;
  std::vector<bool> reduced;
  std::int64_t reduced_count = 1;
};

ReductionSpace reduction_space(const Shape& shape, std::span<const int> axes) {
  std::vector<bool> is_reduced(shape.size(), false);
  for (const int axis : axes) {
    RANKINE_CHECK(axis >= 0 && axis < static_cast<int>(shape.size()), "a reduced axis is out of range");
    is_reduced[static_cast<std::size_t>(axis)] = true;
  }
  ReductionSpace space;
  for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
    const auto a = static_cast<std::size_t>(axis);
    if (shape[a] == 1) continue;
    if (is_reduced[a]) space.reduced_count *= shape[a];
    if (!space.groups.empty() && space.reduced.back() == is_reduced[a]) {
      space.groups.back().last = axis + 1;
      space.groups.back().extent *= shape[a];
    } else {
      space.groups.push_back({axis, axis + 1, shape[a]});
      space.reduced.push_back(is_reduced[a]);
    }
  }
  while (space.groups.size() < 2) {
    const bool kind = space.groups.empty() ? false : !space.reduced.front();
    space.groups.insert(space.groups.begin(), {0, 0, 1});
    space.reduced.insert(space.reduced.begin(), kind);
  }
  // Lanes count in 32 bits.
  if (space.reduced_count > std::numeric_limits<std::int32_t>::max())
    throw UnsupportedError("one block reduces more than 2^31 elements to one; use smaller chunks");
  return space;
}

/// Walks the outer groups (all but rows and columns) of one kind in C order.
class OuterWalk {
 public:
  OuterWalk(const ReductionSpace& space, bool reduced) {
    for (std::size_t g = 0; g + 2 < space.groups.size(); ++g) {
      if (space.reduced[g] != reduced) continue;
      members_.push_back(g);
      extents_.push_back(space.groups[g].extent);
      count_ *= space.groups[g].extent;
    }
  }
  std::int64_t count() const { return count_; }
  void place(std::int64_t ordinal, std::vector<std::int64_t>& outer) const {
    for (std::size_t k = members_.size(); k-- > 0;) {
      outer[members_[k]] = ordinal % extents_[k];
      ordinal /= extents_[k];
    }
  }

 private:
  std::vector<std::size_t> members_;
  std::vector<std::int64_t> extents_;
  std::int64_t count_ = 1;
};

/// Columns are kept: strip by strip, whose lanes stay in cache while the reduced elements stream past. `lane_of` readies
/// the lanes of a strip and says where they begin; `after` is called when all was added to them.
template <typename LaneOf, typename After>
void stream_rows(StripEvaluator& evaluator, const Accumulator& accumulator, const OuterWalk& reduced_walk,
                 std::vector<std::int64_t>& outer, const Lanes& lanes, std::int64_t rows, std::int64_t columns,
                 LaneOf&& lane_of, After&& after) {
  const auto size = [](std::int64_t count) { return static_cast<std::size_t>(count); };
  for (std::int64_t column = 0; column < columns; column += strip_elements) {
    const std::int64_t width = std::min(strip_elements, columns - column);
    const std::size_t lane = lane_of(column, width);
    const std::int64_t batch = evaluator.reads_in_place() ? rows : std::max<std::int64_t>(1, strip_elements / width);
    for (std::int64_t reduced = 0; reduced < reduced_walk.count(); ++reduced) {
      reduced_walk.place(reduced, outer);
      evaluator.move_to(outer);
      for (std::int64_t row = 0; row < rows; row += batch) {
        const std::int64_t count = std::min(batch, rows - row);
        const auto tile = evaluator.evaluate(row, count, column, width);
        accumulator.add(lanes, lane, tile.data, size(count), tile.row_stride, size(width));
      }
    }
    after(column, width);
  }
}

class BlockReduction {
 public:
  BlockReduction(const ReductionSpace& space, StripEvaluator& evaluator, const ReduceSpec& spec, Output& out)
      : space_(space), evaluator_(evaluator), accumulator_(find_accumulator(spec)), out_(out),
        kept_(space, false), reduced_(space, true), memory_(strip_elements),
        outer_(space.groups.size() - 2, 0), rows_(space.groups[space.groups.size() - 2].extent),
        columns_(space.groups.back().extent) {}

  void run() {
    for (std::int64_t kept = 0; kept < kept_.count(); ++kept) {
      kept_.place(kept, outer_);
      if (space_.reduced.back()) reduce_columns(kept);
      else reduce_rows(kept);
    }
  }

 private:
  void reduce_rows(std::int64_t kept) {
    stream_rows(evaluator_, accumulator_, reduced_, outer_, memory_.lanes(), rows_, columns_,
                [&](std::int64_t, std::int64_t width) {
                  accumulator_.reset(memory_.lanes(), 0, size(width));
                  return std::size_t{0};
                },
                [&](std::int64_t column, std::int64_t width) {
                  accumulator_.emit(memory_.lanes(), 0, 1, size(width), space_.reduced_count, out_.at(kept * columns_ + column));
                });
  }

  /// Columns are reduced, rows are kept: each row has its own lanes, folded into one at the end.
  void reduce_columns(std::int64_t kept) {
    const std::int64_t lanes = columns_ >= lanes_per_row ? lanes_per_row : 1;
    const std::int64_t batch = std::max<std::int64_t>(1, strip_elements / std::max(columns_, lanes));
    const std::int64_t width = evaluator_.reads_in_place() ? columns_ : std::min(columns_, strip_elements);
    const std::size_t element_bytes = size_of(evaluator_.result_dtype());
    for (std::int64_t row = 0; row < rows_; row += batch) {
      const std::int64_t count = std::min(batch, rows_ - row);
      accumulator_.reset(memory_.lanes(), 0, size(count * lanes));
      for (std::int64_t reduced = 0; reduced < reduced_.count(); ++reduced) {
        reduced_.place(reduced, outer_);
        evaluator_.move_to(outer_);
        for (std::int64_t column = 0; column < columns_; column += width) {
          const std::int64_t part = std::min(width, columns_ - column);
          const auto tile = evaluator_.evaluate(row, count, column, part);
          for (std::int64_t r = 0; r < count; ++r) {
            const std::byte* data = tile.data + r * tile.row_stride * static_cast<std::int64_t>(element_bytes);
            add_row(r * lanes, lanes, data, part, element_bytes);
          }
        }
      }
      for (std::int64_t r = 0; r < count; ++r)
        for (std::int64_t half = lanes / 2; half > 0; half /= 2)
          accumulator_.fold(memory_.lanes(), size(r * lanes), size(r * lanes + half), size(half));
      accumulator_.emit(memory_.lanes(), 0, size(lanes), size(count), space_.reduced_count,
                        out_.at(kept * rows_ + row));
    }
  }

  void add_row(std::int64_t at, std::int64_t lanes, const std::byte* data, std::int64_t count,
               std::size_t element_bytes) {
    const std::int64_t full = count / lanes;
    accumulator_.add(memory_.lanes(), size(at), data, size(full), lanes, size(lanes));
    const std::int64_t rest = count - full * lanes;
    if (rest == 0) return;
    const std::byte* tail = data + size(full * lanes) * element_bytes;
    accumulator_.add(memory_.lanes(), size(at), tail, 1, 0, size(rest));
  }

  static std::size_t size(std::int64_t count) { return static_cast<std::size_t>(count); }

  const ReductionSpace& space_;
  StripEvaluator& evaluator_;
  Accumulator accumulator_;
  Output& out_;
  OuterWalk kept_;
  OuterWalk reduced_;
  LaneMemory memory_;
  std::vector<std::int64_t> outer_;
  std::int64_t rows_;
  std::int64_t columns_;
};

}  // namespace

Partial reduce_block(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                     std::span<const int> axes, const ReduceSpec& spec) {
  check_inputs(program, inputs, shape, spec);
  Shape out_shape = shape;
  for (const int axis : axes) out_shape[static_cast<std::size_t>(axis)] = 1;
  if (element_count(shape) == 0) return identity_partial(spec, out_shape);
  const ReductionSpace space = reduction_space(shape, axes);
  StripEvaluator evaluator(program, inputs, space.groups);
  Output out = allocate(spec, out_shape);
  BlockReduction(space, evaluator, spec, out).run();
  return std::move(out.partial);
}

struct StreamedReduction::State {
  ReduceSpec spec;
  Shape shape;
  std::vector<int> axes;
  Accumulator accumulator;
  std::int64_t lane_count = 1;   ///< one for each kept element
  std::int64_t reduced_count = 1;
  std::int64_t added = 0;        ///< along axis 0
  LaneMemory memory;
};

bool StreamedReduction::fits(const Shape& shape, std::span<const int> axes) {
  if (element_count(shape) == 0 || std::find(axes.begin(), axes.end(), 0) == axes.end()) return false;
  for (auto axis = static_cast<int>(shape.size()) - 1; axis > 0; --axis)
    if (shape[static_cast<std::size_t>(axis)] != 1) return std::find(axes.begin(), axes.end(), axis) == axes.end();
  return false;
}

StreamedReduction::StreamedReduction(const ReduceSpec& spec, Shape shape, std::vector<int> axes) {
  RANKINE_CHECK(fits(shape, axes), "a reduction that cannot be streamed");
  const std::int64_t reduced = reduction_space(shape, axes).reduced_count;
  const std::int64_t lanes = element_count(shape) / reduced;
  state_ = std::make_unique<State>(State{spec, std::move(shape), std::move(axes), find_accumulator(spec), lanes, reduced, 0, LaneMemory(lanes)});
  state_->accumulator.reset(state_->memory.lanes(), 0, static_cast<std::size_t>(lanes));
}

StreamedReduction::~StreamedReduction() = default;

void StreamedReduction::add(const Program& program, std::span<const StridedView> inputs, std::int64_t extent) {
  State& state = *state_;
  Shape shape = state.shape;
  shape[0] = extent;
  check_inputs(program, inputs, shape, state.spec);
  state.added += extent;
  const ReductionSpace space = reduction_space(shape, state.axes);
  StripEvaluator evaluator(program, inputs, space.groups);
  const OuterWalk kept(space, false), reduced(space, true);
  std::vector<std::int64_t> outer(space.groups.size() - 2, 0);
  const std::int64_t rows = space.groups[space.groups.size() - 2].extent;
  const std::int64_t columns = space.groups.back().extent;
  for (std::int64_t ordinal = 0; ordinal < kept.count(); ++ordinal) {
    kept.place(ordinal, outer);
    stream_rows(evaluator, state.accumulator, reduced, outer, state.memory.lanes(), rows, columns,
                [&](std::int64_t column, std::int64_t) { return static_cast<std::size_t>(ordinal * columns + column); },
                [](std::int64_t, std::int64_t) {});
  }
}

Partial StreamedReduction::finish() {
  State& state = *state_;
  RANKINE_CHECK(state.added == state.shape[0], "a streamed reduction ends before its block does");
  Shape shape = state.shape;
  for (const int axis : state.axes) shape[static_cast<std::size_t>(axis)] = 1;
  Output out = allocate(state.spec, shape);
  state.accumulator.emit(state.memory.lanes(), 0, 1, static_cast<std::size_t>(state.lane_count), state.reduced_count, out.at(0));
  return std::move(out.partial);
}

namespace {

/// Positions along the grouped axis that fall into one slot: begin, begin + spacing, ... below end.
struct SlotRun {
  std::int64_t begin;
  std::int64_t end;
  std::int32_t slot;
  std::int64_t spacing = 1;
  std::int64_t count() const { return ceil_div(end - begin, spacing); }
};

std::vector<SlotRun> slot_runs(std::span<const std::int32_t> slots, std::int64_t slot_count) {
  std::vector<SlotRun> runs;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(slots.size()); ++i) {
    const std::int32_t slot = slots[static_cast<std::size_t>(i)];
    RANKINE_CHECK(slot >= -1 && slot < slot_count, "a slot number is out of range");
    if (slot == -1) continue;
    if (!runs.empty() && runs.back().slot == slot && runs.back().end == i) ++runs.back().end;
    else runs.push_back({i, i + 1, slot});
  }
  return runs;
}

/// Sorted by slot; single positions of one slot at equal distances (monthly data by month) become one
/// run, which a view can read as rows of a longer stride.
std::vector<SlotRun> spaced_runs(std::vector<SlotRun> runs) {
  std::stable_sort(runs.begin(), runs.end(), [](const SlotRun& a, const SlotRun& b) { return a.slot < b.slot; });
  std::vector<SlotRun> merged;
  for (const SlotRun& run : runs) {
    if (!merged.empty() && merged.back().slot == run.slot && run.count() == 1) {
      SlotRun& held = merged.back();
      const std::int64_t count = held.count();
      const std::int64_t last = held.begin + (count - 1) * held.spacing;
      if (count == 1) held.spacing = run.begin - last;
      if (run.begin - last == held.spacing) {
        held.end = run.end;
        continue;
      }
    }
    merged.push_back(run);
  }
  return merged;
}

/// One outer index, columns, and the grouped axis as rows.
class GroupedReduction {
 public:
  GroupedReduction(StripEvaluator& evaluator, const ReduceSpec& spec, Output& out, std::vector<SlotRun> runs,
                   std::int64_t slot_count, std::int64_t rows, std::int64_t columns)
      : evaluator_(evaluator), accumulator_(find_accumulator(spec)), out_(out), runs_(std::move(runs)),
        elements_(static_cast<std::size_t>(slot_count), 0), slot_count_(slot_count), rows_(rows), columns_(columns),
        element_bytes_(size_of(spec.input)), wide_(columns >= wide_columns),
        memory_(wide_ ? strip_elements : std::max<std::int64_t>(1, slot_count * columns)) {
    for (const SlotRun& run : runs_) elements_[static_cast<std::size_t>(run.slot)] += run.end - run.begin;
    if (wide_) runs_ = spaced_runs(std::move(runs_));
  }

  void run(std::int64_t outer) {
    evaluator_.move_to({&outer, 1});
    if (wide_) run_by_slot(outer);
    else run_by_position(outer);
  }

 private:
  static constexpr std::int64_t wide_columns = 256;

  /// Slot after slot: the lanes of one slot stay in cache, and every element is still read once.
  void run_by_slot(std::int64_t outer) {
    for (std::int64_t column = 0; column < columns_; column += strip_elements) {
      const std::int64_t width = std::min(strip_elements, columns_ - column);
      std::size_t at = 0;
      for (std::int64_t slot = 0; slot < slot_count_; ++slot) {
        accumulator_.reset(memory_.lanes(), 0, static_cast<std::size_t>(width));
        for (; at < runs_.size() && runs_[at].slot == slot; ++at) {
          add_run(runs_[at], column, width);
        }
        accumulator_.emit(memory_.lanes(), 0, 1, static_cast<std::size_t>(width),
                          elements_[static_cast<std::size_t>(slot)],
                          out_.at((outer * slot_count_ + slot) * columns_ + column));
      }
    }
  }

  void add_run(const SlotRun& run, std::int64_t column, std::int64_t width) {
    const std::int64_t whole = run.count();
    const std::int64_t tile_rows = std::max<std::int64_t>(1, run.spacing == 1 ? strip_elements / width : 1);
    const std::int64_t batch = evaluator_.reads_in_place() ? whole : tile_rows;
    for (std::int64_t i = 0; i < whole; i += batch) {
      const std::int64_t count = std::min(batch, whole - i);
      const auto tile = evaluator_.evaluate(run.begin + i * run.spacing, count, column, width);
      accumulator_.add(memory_.lanes(), 0, tile.data, static_cast<std::size_t>(count), tile.row_stride * run.spacing,
                       static_cast<std::size_t>(width));
    }
  }

  /// Few columns: tiles of many rows, scattered to lanes of all slots.
  void run_by_position(std::int64_t outer) {
    accumulator_.reset(memory_.lanes(), 0, static_cast<std::size_t>(slot_count_ * columns_));
    const std::int64_t batch = std::max<std::int64_t>(1, strip_elements / columns_);
    std::size_t at = 0;
    for (std::int64_t first = 0; first < rows_ && at < runs_.size(); first += batch) {
      const std::int64_t end = std::min(first + batch, rows_);
      if (runs_[at].begin >= end) continue;
      const auto tile = evaluator_.evaluate(first, end - first, 0, columns_);
      for (; at < runs_.size() && runs_[at].begin < end; ++at) {
        const std::int64_t row = std::max(runs_[at].begin, first);
        const std::int64_t stop = std::min(runs_[at].end, end);
        const std::byte* data =
            tile.data + (row - first) * tile.row_stride * static_cast<std::int64_t>(element_bytes_);
        accumulator_.add(memory_.lanes(), static_cast<std::size_t>(runs_[at].slot * columns_), data,
                         static_cast<std::size_t>(stop - row), tile.row_stride, static_cast<std::size_t>(columns_));
        if (stop < runs_[at].end) break;  // the rest of the run is in the next tile
      }
    }
    for (std::int64_t slot = 0; slot < slot_count_; ++slot)
      accumulator_.emit(memory_.lanes(), static_cast<std::size_t>(slot * columns_), 1,
                        static_cast<std::size_t>(columns_), elements_[static_cast<std::size_t>(slot)],
                        out_.at((outer * slot_count_ + slot) * columns_));
  }

  StripEvaluator& evaluator_;
  Accumulator accumulator_;
  Output& out_;
  std::vector<SlotRun> runs_;
  std::vector<std::int64_t> elements_;  ///< by slot
  std::int64_t slot_count_;
  std::int64_t rows_;
  std::int64_t columns_;
  std::size_t element_bytes_;
  bool wide_;
  LaneMemory memory_;
};

}  // namespace

Partial reduce_block_grouped(const Program& program, std::span<const StridedView> inputs, const Shape& shape,
                             int axis, std::span<const std::int32_t> slots, std::int64_t slot_count,
                             const ReduceSpec& spec) {
  check_inputs(program, inputs, shape, spec);
  const auto a = static_cast<std::size_t>(axis);
  RANKINE_CHECK(axis >= 0 && a < shape.size(), "the grouped axis is out of range");
  RANKINE_CHECK(static_cast<std::int64_t>(slots.size()) == shape[a], "slots and the grouped axis differ in extent");
  Shape out_shape = shape;
  out_shape[a] = slot_count;
  if (element_count(shape) == 0 || element_count(out_shape) == 0) return identity_partial(spec, out_shape);
  if (shape[a] > std::numeric_limits<std::int32_t>::max())
    throw UnsupportedError("one block groups more than 2^31 positions; use smaller chunks");

  const int ndim = static_cast<int>(shape.size());
  std::int64_t outer_count = 1;
  std::int64_t columns = 1;
  for (std::size_t k = 0; k < a; ++k) outer_count *= shape[k];
  for (std::size_t k = a + 1; k < shape.size(); ++k) columns *= shape[k];
  const AxisGroup groups[] = {{0, axis, outer_count}, {axis, axis + 1, shape[a]}, {axis + 1, ndim, columns}};
  StripEvaluator evaluator(program, inputs, groups);
  Output out = allocate(spec, out_shape);
  GroupedReduction reduction(evaluator, spec, out, slot_runs(slots, slot_count), slot_count, shape[a], columns);
  for (std::int64_t outer = 0; outer < outer_count; ++outer) reduction.run(outer);
  return std::move(out.partial);
}

}  // namespace rankine::kernel
