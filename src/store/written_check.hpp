#pragma once
#include "array/stored_array.hpp"
#include "store/store.hpp"

/// What is written is read back by the metadata's own rules before it gets its name: metadata, and the numbers of small
/// coordinates. A store that nobody can open, or opens to other times and gaps than were written, is no output.
namespace rankine::store {

/// The output as readers will find it once it is committed: the temporary file or store; where it adds to a store,
/// the arrays of the store's group with what is to be added in their place.
array::Catalogue written_catalogue(const OutputTarget& target);

/// Throws OutputError, saying what does not fit, if
/// - a variable of the output is not there, or cannot be read, or has another dtype, shape or dims;
/// - arrays that share a dim differ in its extent, those included that were in the store before;
/// - a _FillValue is not the one that was to be written, or not one of its dtype's values.
void check_written(const OutputTarget& target);

/// The same for the numbers of coordinates that create_output() has written: they are those of target.spec, and by the
/// units and the calendar that stand beside them they are the times that the script had.
void check_written_values(const OutputTarget& target);

}  // namespace rankine::store
