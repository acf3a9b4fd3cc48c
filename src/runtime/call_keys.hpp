#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "journal/run_records.hpp"

namespace rankine::runtime {

/// Which call is which from one job to the next. A script that runs again submits the same calls, but in an order that may
/// follow the order in which others finished; so a key is made of what a call is: its function, its arguments, and the keys
/// of the calls that made its inputs. Equal calls are numbered in the order of coming: where they are pure it does not
/// matter which is which, and where they are not (random numbers without a seed) any of their results is one that could
/// have been.
///
/// The hash has 128 bits and is not a cryptographic one: nobody gains by a collision but the one who wrote the script.
class CallKeys {
 public:
  /// Of the next call. `arguments`: those that tell it apart. `by_program`: a call from within a call never has the key of one
  /// that the program makes.
  journal::CallKey next(bool by_program, const std::string& function, std::span<const std::byte> arguments,
                        std::span<const journal::CallKey> inputs);

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;   ///< by the first half: a collision only numbers on
};

}  // namespace rankine::runtime
