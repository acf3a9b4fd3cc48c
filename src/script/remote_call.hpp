#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/detailed_error.hpp"
#include "script/block_call.hpp"
#include "script/delayed.hpp"

namespace rankine::script {

/// A call as bytes. A function of the script goes by its place in the script's text, with what it captures.
std::vector<std::byte> write_remote_call(Interpreter& in, const DelayedNode& node,
                                         const std::function<std::optional<std::uint32_t>(const Value&)>& input_of);
/// A Delayed with all that it needs in one piece, for a rank that makes all of its calls. Values of futures and of what was
/// persisted are fetched and put in.
std::vector<std::byte> write_remote_graph(Interpreter& in, const NodePtr& root);
/// An exception as DetailedError's detail, and what it is for the rank that asked: the same class and arguments. Throws
/// UncatchableError for what no script may catch.
std::string write_exception(Interpreter& in, const ExceptionObject* exception);
ExceptionPtr read_exception(Interpreter& in, const DetailedError& error);
/// What a remote call gave.
Value read_remote_value(Interpreter& in, std::span<const std::byte> bytes);

/// The script as every rank must have it before calls of its functions come: name and text.
std::vector<std::byte> write_program(const SourceText& source);

/// One script, parsed, and an interpreter for its functions. For one thread; its variables last from call to call.
class RemoteProgram {
 public:
  /// `program`: of write_program. `host`: what the functions may do; must outlive this.
  RemoteProgram(std::span<const std::byte> program, Host& host);
  ~RemoteProgram();
  /// Makes a call; gives the value as bytes. `inputs`: values as bytes, in the order of CallRequest::inputs.
  /// Throws Error: with the place in the script, the function and its arguments.
  std::vector<std::byte> run(std::span<const std::byte> payload, const std::vector<std::span<const std::byte>>& inputs);
  /// Makes the calls of write_remote_graph one after the other; gives the last one's values as an array.
  NdArray evaluate_array(std::span<const std::byte> graph);
  /// A block of write_block_call's call.
  NdArray evaluate_block(std::span<const std::byte> call, const std::vector<BlockArgument>& blocks, DType dtype, const Shape& shape);
  /// The value of a call, without its way through bytes.
  Value evaluate(std::span<const std::byte> payload, const std::vector<std::span<const std::byte>>& inputs);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rankine::script
