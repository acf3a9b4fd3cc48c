#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "array/expr.hpp"
#include "grid/box.hpp"

namespace rankine::array {

/// Recognises values that are only moved: an expression whose elements, over some box, are the stored elements of one
/// array, bit for bit. Slices with step 1 and concatenations move; arithmetic moves if it undoes itself, as masking
/// and unpacking when a file is opened are undone by packing and filling when it is written.
///
/// That is proved, not guessed. Of stored integers of 8 and 16 bits every value is sent through the arithmetic.
/// For 32-bit integers and floats only operations are admitted that compare with constants, choose, or cast
/// without loss: what these do with every value is known from the constants, their neighbours, NaN and a few others.
/// One difference is accepted: NaN that becomes `fill`, which readers take for the same.
///
/// Any number of threads may ask.
class MovedValues {
 public:
  /// `fill`: one element of the expression's dtype, the _FillValue that is written; may be empty.
  explicit MovedValues(ExprPtr values, std::optional<NdArray> fill = {}) : values_(std::move(values)), fill_(std::move(fill)) {}

  struct Place {
    StoredArrayPtr array;
    Index origin;          ///< where the box begins in the array
  };
  /// Where `box` of the expression is stored as it is; nullopt if it is not, or not in one array.
  std::optional<Place> find(const Box& box) const;

 private:
  bool undoes_itself(const ExprPtr& chain, DType stored) const;

  ExprPtr values_;
  std::optional<NdArray> fill_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, bool> known_chains_;
};

/// The chunk shape of the stored arrays that `values` moves, if every chunk of them stays whole: all have the same,
/// slices and concatenations cut between chunks. nullopt: they do not, or values are computed.
std::optional<Shape> moved_chunk_shape(const ExprPtr& values);

}  // namespace rankine::array
