#pragma once
#include <cstddef>
#include <span>

namespace rankine::codec {

/// Inflates a deflate stream without any header, as zip members are, into exactly `out.size()` bytes.
/// Throws InputError.
void inflate_raw(std::span<const std::byte> stored, std::span<std::byte> out);

}  // namespace rankine::codec
