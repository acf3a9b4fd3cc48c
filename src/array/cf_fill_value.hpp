#pragma once
#include <string>

#include "array/attributes.hpp"
#include "base/dtype.hpp"

namespace rankine::array {

/// How the numbers are stored that a fill value stands among.
struct FillStorage {
  DType dtype = DType::float64;
  bool is_half = false;      ///< rounded to half floats by the store
  bool is_unsigned = false;  ///< signed integers whose bits are read as unsigned ones (_Unsigned="true")
};

/// A _FillValue or missing_value as it is stored. Where NumPy's cast would make another number of it (NaN, 1e20, 99999,
/// -1 or 0.5 in too small or integer a dtype) it would take measured values for gaps, or lose the gaps: that throws a
/// UsageError which names variable, number and dtype. Floats round, as all floats that are stored.
NdArray fill_number(const std::string& variable, const std::string& key, const AttributeValue& value, const FillStorage& storage);

/// The number that stands for a gap while values are still computed: of bits that are read as unsigned, the unsigned one.
NdArray as_computed(const NdArray& fill, const FillStorage& storage);

}  // namespace rankine::array
