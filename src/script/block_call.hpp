#pragma once
#include <span>
#include <string>
#include <vector>

#include "script/interpreter.hpp"

namespace rankine::script {

/// The kernel whose blocks a function of the script computes; its parameter "call" is what write_block_call gave, as
/// hexadecimal digits. The runtime registers it.
inline constexpr const char* block_call_kernel = "script.map_blocks";

/// How a function is given the blocks of its arrays.
struct BlockCall {
  enum class Kind : std::uint8_t {
    plain,      ///< as they are: da.map_blocks, da.map_overlap
    ufunc,      ///< with their axes as NumPy broadcasts them: xr.apply_ufunc
    labelled,   ///< the first as a DataArray, the others are its coordinates: xr.map_blocks
  };
  Kind kind = Kind::plain;
  Value function;
  Values positional;                           ///< the arrays themselves stand where their blocks are to stand
  Keywords keywords;
  // ufunc
  std::vector<std::vector<int>> axes;          ///< by input: the block's axes in order, -1: a new one
  bool vectorize = false;
  int core_ndim = 0;                           ///< axes at the end of the result that are not looped over
  // labelled
  std::vector<std::string> dims;               ///< of the block
  std::string name;
  std::vector<std::string> coords;             ///< names of inputs 1 ...
  std::vector<std::vector<std::string>> coord_dims;
  std::vector<std::string> result_dims;
};

struct BlockArgument {
  NdArray values;
  Shape before, after;                         ///< halo
};

/// `positional` with marks in the places of `inputs`: there the blocks are put.
Values with_block_marks(Values positional, const Values& inputs);

/// `inputs`: the arrays among the positional arguments, in the order of the kernel's inputs.
std::vector<std::byte> write_block_call(Interpreter& in, const BlockCall& call, const Values& inputs);

/// Makes the call on one rank. Throws UsageError where the result does not have the block's shape.
NdArray run_block_call(Interpreter& in, const Block* script, std::span<const std::byte> call, const std::vector<BlockArgument>& blocks,
                       DType dtype, const Shape& shape);

/// The function's result for blocks of one element along every cut axis: tells its dtype, and for `labelled` its dims.
/// Throws UsageError that asks to `give` it where the function fails with that.
Value try_on_small_blocks(Interpreter& in, const BlockCall& call, const std::vector<NdArray>& blocks, const char* give);

}  // namespace rankine::script
