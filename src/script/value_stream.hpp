#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/byte_stream.hpp"
#include "script/ast.hpp"
#include "script/interpreter.hpp"
#include "script/value.hpp"

namespace rankine::script {

/// Values of a script as bytes, for another rank's interpreter of the same script: numbers, texts, lists, tuples, dicts,
/// ranges, slices, arrays, datasets (their values), functions with what they capture, modules, exceptions. Functions
/// that name themselves or one another are written once. Anything else throws UsageError naming it.
class ValueWriter {
 public:
  /// `input_of`: the number of the task's input that stands for a value (a Future, a Delayed), where it is one.
  using InputOf = std::function<std::optional<std::uint32_t>(const Value&)>;
  ValueWriter(Interpreter& in, ByteWriter& writer, InputOf input_of = {})
      : in_(in), writer_(writer), input_of_(std::move(input_of)) {}
  void put(const Value& value);
  void put(const Values& values);

 private:
  void put_object(const Value& value);
  void put_function(const FunctionObject& function);
  void put_attributes(const DictObject& attributes);
  void put_array(const array::DataArray& array);

  Interpreter& in_;
  ByteWriter& writer_;
  InputOf input_of_;
  std::map<const FunctionObject*, std::uint32_t> functions_;
  int depth_ = 0;
};

class ValueReader {
 public:
  /// `script`: the statements of the script, where functions of it may come; `inputs`: values of the task's inputs.
  ValueReader(Interpreter& in, ByteReader& reader, const Block* script, std::span<const Value> inputs)
      : in_(in), reader_(reader), script_(script), inputs_(inputs) {}
  /// Throws DecodeError for anything malformed.
  Value get();
  Values get_all();

 private:
  Value get_function();
  void get_attributes(DictObject& attributes);
  array::DataArray get_array();

  Interpreter& in_;
  ByteReader& reader_;
  const Block* script_;
  std::span<const Value> inputs_;
  std::vector<std::shared_ptr<FunctionObject>> functions_;
  int depth_ = 0;
};

}  // namespace rankine::script
