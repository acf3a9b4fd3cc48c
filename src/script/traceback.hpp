#pragma once
#include <string>

#include "script/python_error.hpp"
#include "script/source_text.hpp"

namespace rankine::script {

/// The calls as Python shows them, outermost first, with a caret under the innermost place:
///   Traceback (most recent call last):
///     File "nino.py", line 7, in <module>
///       print(nino(ds))
///     File "nino.py", line 5, in nino
///       return 1 / n
///                ^
/// Ends with a newline; empty for no entries.
std::string describe_trace(const SourceText& source, const Trace& trace);

/// All that is printed of an exception that nothing catches: what led to it, its calls, its class and text.
std::string describe_exception(Interpreter& in, const SourceText& source, const ExceptionObject& exception);

}  // namespace rankine::script
