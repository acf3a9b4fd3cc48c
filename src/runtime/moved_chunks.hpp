#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "array/moved_values.hpp"
#include "array/output_spec.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// Raw pass-through: which stored chunks of an output are stored chunks of an input, byte for byte, so that they are
/// copied and never decoded. Any number of threads may ask.
class MovedChunks {
 public:
  MovedChunks(const array::ExprPtr& values, const array::OutputVariable& variable)
      : values_(values->dtype == variable.dtype ? values : array::cast(values, variable.dtype), variable.fill), variable_(variable) {}

  struct Place {
    array::StoredArrayPtr array;
    Index chunk;
  };
  /// The input's chunk that is the output's chunk `chunk`; nullopt if that must be computed.
  std::optional<Place> find(const Index& chunk) const;
  /// All chunks of a box of whole chunks as they are stored; nullopt if one of them is not there to be copied.
  std::optional<std::vector<store::EncodedChunk>> read(const Box& box, store::Reader& reader) const;

  struct Count {
    std::int64_t moved = 0;
    std::int64_t all = 0;
  };
  /// Over the whole output, without reading anything.
  Count count() const;

 private:
  Box chunks_of(const Box& box) const;

  array::MovedValues values_;
  const array::OutputVariable& variable_;
};

}  // namespace rankine::runtime
