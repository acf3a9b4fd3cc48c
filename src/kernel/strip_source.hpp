#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "grid/strided_view.hpp"

namespace rankine::kernel {

/// Elements of one strip: every register of a fused program then takes at most 16 KiB, so that a few
/// of them and the accumulators of a reduction stay in the first-level cache.
inline constexpr std::int64_t strip_elements = 2048;

/// Axes [first, last) of an index space walked as one. extent is the product of theirs.
struct AxisGroup {
  int first = 0;
  int last = 0;
  std::int64_t extent = 1;
  bool operator==(const AxisGroup&) const = default;
};

/// One input of a fused program, read piecewise. The last two groups are called rows and columns; the
/// outer ones pick a base. Axes of a group that lie evenly in memory are merged into one step, so a
/// contiguous view has one step per group and is read in place.
class StripSource {
 public:
  StripSource(const StridedView& view, std::span<const AxisGroup> groups);

  /// All strides are zero (or there is one element): the same value everywhere.
  bool is_constant() const { return constant_; }
  /// Rows and columns are evenly spaced, columns without gaps, and elements aligned.
  bool is_affine() const { return affine_; }
  std::ptrdiff_t row_stride() const;
  /// Byte offset of index `linear` (C order within the group).
  std::ptrdiff_t offset_of(std::size_t group, std::int64_t linear) const;
  /// The elements of rows [row, row + rows) and columns [column, column + columns) at `base`, packed:
  /// in place where they lie so already, else gathered into `buffer`.
  const std::byte* load(std::ptrdiff_t base, std::int64_t row, std::int64_t rows, std::int64_t column,
                        std::int64_t columns, std::byte* buffer) const;
  const std::byte* data() const { return data_; }
  /// Fills `buffer` with `count` copies of the constant.
  void splat(std::byte* buffer, std::int64_t count) const;

 private:
  struct Step {
    std::int64_t extent;
    std::ptrdiff_t stride;
  };
  const std::byte* load_columns(std::ptrdiff_t base, std::int64_t column, std::int64_t columns,
                                std::byte* buffer, bool in_place_allowed) const;
  bool aligned(const std::byte* at) const;

  const std::byte* data_ = nullptr;
  std::size_t element_bytes_ = 1;
  std::vector<std::vector<Step>> steps_;  ///< by group, outermost first, no extents of 1
  std::vector<std::int64_t> extents_;     ///< by group
  bool constant_ = false;
  bool affine_ = false;
};

}  // namespace rankine::kernel
