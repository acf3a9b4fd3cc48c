#pragma once
#include "base/bytes.hpp"

namespace rankine {

/// What has just been asked for, before it is made: the next ask_memory() of this thread for as much or less is for the same
/// thing, and only looks whether all is well.
void note_prepaid(Bytes asked);

}  // namespace rankine
