#include "script/remote_call.hpp"

#include <map>

#include "base/byte_stream.hpp"
#include "base/error.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/parser.hpp"
#include "script/value_stream.hpp"

namespace rankine::script {

namespace {

/// Arguments in messages: enough to know which call it was.
constexpr std::size_t longest_argument = 60;
constexpr std::size_t most_arguments = 6;

std::string shortened(std::string text) {
  std::erase(text, '\n');
  if (text.size() > longest_argument) text = text.substr(0, longest_argument - 3) + "...";
  return text;
}

std::string describe_call(Interpreter& in, const std::string& name, const Values& positional, const Keywords& keywords) {
  std::string text = name + "(";
  std::size_t count = 0;
  const auto add = [&](const std::string& argument) {
    if (count++ < most_arguments) text += (count == 1 ? "" : ", ") + argument;
  };
  for (const Value& value : positional) add(shortened(repr_of(in, value)));
  for (const auto& [key, value] : keywords) add(key + "=" + shortened(repr_of(in, value)));
  return text + (count > most_arguments ? ", ...)" : ")");
}

}  // namespace

std::vector<std::byte> write_remote_call(Interpreter& in, const DelayedNode& node,
                                         const std::function<std::optional<std::uint32_t>(const Value&)>& input_of) {
  ByteWriter writer;
  writer.put_string(node.name);
  writer.put(node.operation);
  writer.put(node.symbol);
  writer.put_string(node.attribute);
  ValueWriter values(in, writer, input_of);
  values.put(node.callee);
  values.put(node.positional);
  writer.put_count(node.keywords.size());
  for (const auto& [name, value] : node.keywords) {
    writer.put_string(name);
    values.put(value);
  }
  return writer.take();
}

std::vector<std::byte> write_remote_graph(Interpreter& in, const NodePtr& root) {
  const std::vector<NodePtr> order = in_order(root);
  std::map<const DelayedNode*, std::uint32_t> numbers;
  std::map<std::uint64_t, std::uint32_t> fetched;
  ByteWriter writer;
  std::uint32_t count = 0;
  // Equal calls of distinct nodes are distinct, as random numbers must be: the key tells them apart.
  writer.put_string(root->key);
  const auto put_value = [&](const RemotePtr& remote) {
    ByteWriter value;
    ValueWriter(in, value).put(fetch_value(in, remote));
    writer.put(std::uint8_t{0});
    writer.put_vector(value.take());
    return count++;
  };
  for (const NodePtr& node : order) {
    if (node->held) {
      numbers[node.get()] = put_value(node->held);
      continue;
    }
    std::vector<std::uint32_t> inputs;
    // Futures among the arguments come first, because values stand before the calls that need them.
    const auto number_of = [&](const Value& value) -> std::optional<std::uint32_t> {
      if (const auto delayed = value.as<DelayedObject>()) return numbers.at(delayed->node.get());
      if (const auto future = value.as<FutureObject>()) {
        const auto [at, inserted] = fetched.try_emplace(future->remote->id().value, 0);
        if (inserted) at->second = put_value(future->remote);
        return at->second;
      }
      return std::nullopt;
    };
    const std::vector<std::byte> payload = write_remote_call(in, *node, [&](const Value& value) -> std::optional<std::uint32_t> {
      const auto number = number_of(value);
      if (!number) return std::nullopt;
      inputs.push_back(*number);
      return static_cast<std::uint32_t>(inputs.size() - 1);
    });
    writer.put(std::uint8_t{1});
    writer.put_vector(inputs);
    writer.put_vector(payload);
    numbers[node.get()] = count++;
  }
  return writer.take();
}

std::string write_exception(Interpreter& in, const ExceptionObject* raised) {
  ByteWriter writer;
  static const ExceptionObject nothing;
  const ExceptionObject& exception = raised != nullptr ? *raised : nothing;
  try {
    ValueWriter values(in, writer);
    writer.put_string(exception.name);
    values.put(exception.arguments);
  } catch (const UsageError&) {
    // An argument that stays where it is: its text goes.
    writer = ByteWriter();
    writer.put_string(exception.name);
    ValueWriter(in, writer).put(Values{Value(text_of_exception(in, exception))});
  }
  const std::vector<std::byte> bytes = writer.take();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ExceptionPtr read_exception(Interpreter& in, const DetailedError& error) {
  ByteReader reader(std::as_bytes(std::span(error.detail)));
  std::string name = reader.get_string();
  if (name.empty()) throw UncatchableError(error.code(), error.what());
  ExceptionPtr exception = make_exception(std::move(name), ValueReader(in, reader, in.script(), {}).get_all());
  exception->report = error.what();
  exception->is_remote = true;
  exception->code = error.code();
  return exception;
}

Value read_remote_value(Interpreter& in, std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  return ValueReader(in, reader, in.script(), {}).get();
}

std::vector<std::byte> write_program(const SourceText& source) {
  ByteWriter writer;
  writer.put_string(source.name());
  writer.put_string(source.text());
  return writer.take();
}

struct RemoteProgram::Parts {
  Parts(std::string name, std::string text, Host& host)
      : source(std::move(name), std::move(text)), script(parse(source)), interpreter(source, host) {
    interpreter.set_script(script);
  }
  SourceText source;
  Block script;
  Interpreter interpreter;
};

RemoteProgram::RemoteProgram(std::span<const std::byte> program, Host& host) {
  ByteReader reader(program);
  std::string name = reader.get_string();
  parts_ = std::make_unique<Parts>(std::move(name), reader.get_string(), host);
}

RemoteProgram::~RemoteProgram() = default;

Value RemoteProgram::evaluate(std::span<const std::byte> payload, const std::vector<std::span<const std::byte>>& inputs) {
  Interpreter& in = parts_->interpreter;
  Values input_values;
  for (const auto& input : inputs) input_values.push_back(read_remote_value(in, input));
  ByteReader reader(payload);
  const std::string name = reader.get_string();
  const auto operation = reader.get<Operation>();
  const auto symbol = reader.get<std::uint8_t>();
  const std::string attribute = reader.get_string();
  ValueReader values(in, reader, &parts_->script, input_values);
  const Value callee = values.get();
  const Values positional = values.get_all();
  Keywords keywords;
  for (std::size_t left = reader.get_count(); left > 0; --left) {
    std::string key = reader.get_string();
    keywords.emplace_back(std::move(key), values.get());
  }
  std::string call;
  ExceptionPtr raised;
  try {
    return in.run_task([&] { return perform(in, operation, symbol, attribute, callee, positional, keywords); }, &raised);
  } catch (const Error& error) {
    call = describe_call(in, name, positional, keywords);
    throw DetailedError(error.code() == ExitCode::usage ? ExitCode::task_failed : error.code(),
                        std::string(error.what()) + "\n  in " + call, write_exception(in, raised.get()));
  } catch (const ScriptExit& exit) {
    call = describe_call(in, name, positional, keywords);
    throw Error(ExitCode::task_failed, "sys.exit(" + std::to_string(exit.status) + ") inside a task\n  in " + call);
  }
}

NdArray RemoteProgram::evaluate_array(std::span<const std::byte> graph) {
  ByteReader reader(graph);
  reader.get_string();
  std::vector<std::vector<std::byte>> values;
  while (reader.remaining() > 0) {
    if (reader.get<std::uint8_t>() == 0) {
      values.push_back(reader.get_vector<std::byte>());
      continue;
    }
    std::vector<std::span<const std::byte>> inputs;
    for (const std::uint32_t number : reader.get_vector<std::uint32_t>()) {
      if (number >= values.size()) throw DecodeError("malformed graph: no such value");
      inputs.push_back(values[number]);
    }
    values.push_back(run(reader.get_vector<std::byte>(), inputs));
  }
  if (values.empty()) throw DecodeError("malformed graph: it is empty");
  Interpreter& in = parts_->interpreter;
  return to_known_values(in, read_remote_value(in, values.back()), "the value of a delayed array");
}

NdArray RemoteProgram::evaluate_block(std::span<const std::byte> call, const std::vector<BlockArgument>& blocks, DType dtype,
                                      const Shape& shape) {
  Interpreter& in = parts_->interpreter;
  NdArray result;
  in.run_task([&] {
    result = run_block_call(in, &parts_->script, call, blocks, dtype, shape);
    return Value();
  });
  return result;
}

std::vector<std::byte> RemoteProgram::run(std::span<const std::byte> payload,
                                          const std::vector<std::span<const std::byte>>& inputs) {
  const Value value = evaluate(payload, inputs);
  ByteWriter writer;
  ValueWriter(parts_->interpreter, writer).put(value);
  return writer.take();
}

}  // namespace rankine::script
