#include "script/script.hpp"

// A text is a script that may run, or it is refused with a place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    rankine::script::check_script("fuzz.py", std::string(reinterpret_cast<const char*>(data), size));
  } catch (const rankine::script::ScriptError&) {
  }
  return 0;
}
