#pragma once
#include <string>

#include "codec/codec.hpp"
#include "store/zarr/zarr_json.hpp"

namespace rankine::store {

/// A numcodecs configuration as one step: the "compressor" and "filters" of v2, and what v3 calls "numcodecs.<id>".
/// `element_bytes`: of one element of the array. What is sound but not supported goes to `note`; what is damaged
/// throws InputError naming `where`.
codec::Codec numcodecs_step(const std::string& id, const Json& config, int element_bytes, const std::string& where,
                            std::string& note);
Json numcodecs_config(const codec::Codec& codec);

/// A bytes-to-bytes codec of v3, or a filter under numcodecs' name.
codec::Codec v3_step(const std::string& name, const Json& config, int element_bytes, const std::string& where,
                     std::string& note);
/// {"name": ..., "configuration": ...}
Json v3_config(const codec::Codec& codec);

}  // namespace rankine::store
