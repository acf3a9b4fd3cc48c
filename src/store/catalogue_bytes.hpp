#pragma once
#include "array/stored_array.hpp"
#include "base/byte_stream.hpp"

namespace rankine::store {

/// A catalogue as it is kept in an index cache and as it travels between ranks; chunk indexes that are known go along.
void write_to(ByteWriter& writer, const array::Catalogue& catalogue);
array::Catalogue read_catalogue(ByteReader& reader);

}  // namespace rankine::store
