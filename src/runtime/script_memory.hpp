#pragma once
#include <functional>
#include <utility>

#include "base/bytes.hpp"

namespace rankine::runtime {

/// What a script may hold in this process: the place where it is counted. The resident set is measured rather than every
/// object counted, so that arrays, lists, texts and what libraries take are all in it.
class ScriptMemory {
 public:
  struct Limits {
    Bytes limit;       ///< of the process (--memory-limit); 0: what the machine has free
    Bytes program;     ///< of it, what the process takes before any script; a limit below twice that is not kept to
    bool is_task = false;  ///< beside blocks and other tasks: it is only stopped where it has asked for much itself
  };
  explicit ScriptMemory(Limits limits);

  /// What of the resident set is kept account of by others while the script runs: results of calls, and their buffers.
  void set_others(std::function<Bytes()> others) { others_ = std::move(others); }
  /// A task of its own begins: what others before it asked for is not its fault.
  void begin_task() { asked_ = {}; }

  /// Throws Error (resources), which a script sees as a MemoryError, if `wanted` more is more than there is.
  void ask(Bytes wanted);
  /// Taken by the script so far.
  Bytes held();
  Bytes limit() const { return bound_; }
  Bytes program() const { return limits_.program; }

 private:
  void measure();

  Limits limits_;
  Bytes bound_;
  Bytes measured_;
  Bytes promised_;   ///< since then
  Bytes asked_;      ///< by this task
  std::function<Bytes()> others_;
};

}  // namespace rankine::runtime
