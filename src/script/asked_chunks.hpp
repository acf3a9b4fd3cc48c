#pragma once
#include "script/interpreter.hpp"
#include "script/labelled.hpp"

namespace rankine::script {

/// `.chunks` as xarray gives it where .chunk() or chunks= asked for blocks: of a DataArray a tuple for each dim, or None; of a
/// Dataset a dict of its dims. Throws UnsupportedError where blocks are chosen only when they are computed.
Value chunks_of(const array::DataArray& array);
Value chunks_of(const array::Dataset& dataset);

}  // namespace rankine::script
