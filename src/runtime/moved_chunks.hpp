#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "array/moved_values.hpp"
#include "array/output_spec.hpp"
#include "array/stored_values.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// Raw pass-through: which stored chunks of an output (of shards: inner chunks) are stored chunks of an input, byte for
/// byte, so that they are copied and never decoded. Any number of threads may ask.
class MovedChunks {
 public:
  MovedChunks(const array::ExprPtr& values, const array::OutputVariable& variable)
      : values_(array::with_filled_gaps(values, variable), variable.fill), variable_(variable) {}

  struct Place {
    array::StoredArrayPtr array;
    Index chunk;
  };
  /// The input's chunk that is the output's chunk `chunk`; nullopt if that must be computed.
  std::optional<Place> find(const Index& chunk) const;
  /// Whether there is one in a box of whole chunks.
  bool any(const Box& box) const;
  /// The output's chunk as it is stored; nullopt if it must be computed.
  std::optional<std::vector<std::byte>> read(const Index& chunk, store::Reader& reader) const;

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
