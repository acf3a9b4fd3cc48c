#pragma once
#include <string>

#include "script/value.hpp"

namespace rankine::script {

/// A codec (a dict, as numcodecs' get_config() gives it) or a list of codecs as JSON. Throws UsageError for others.
std::string codec_json(const Value& value);

}  // namespace rankine::script
