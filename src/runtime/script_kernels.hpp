#pragma once

namespace rankine::runtime {

/// Registers the kernels that scripts' arrays are made by: blocks of delayed calls, of the script's functions, of random
/// numbers. Once a process; what they call is the library that is current then (ScriptLibrary).
void register_script_kernels();

}  // namespace rankine::runtime
