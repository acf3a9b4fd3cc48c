#pragma once
#include <string>

#include "script/value.hpp"

namespace rankine::script {

/// np.mean(a, axis) and a.mean(axis) of an eager array; "nanmean" skips NaN.
Value reduce_array(const NdArray& array, const std::string& name, const Value& axis, const Value& ddof,
                   calendar::Calendar calendar);
/// A copy that shares no elements.
NdArray materialise_any(const NdArray& array);
/// One extent may be -1.
NdArray reshaped_array(const NdArray& array, const Values& extents);

}  // namespace rankine::script
