#include <unordered_map>

#include "array/expr_walk.hpp"
#include "base/byte_stream.hpp"

namespace rankine::array {
namespace {

/// Field by field: the bytes between the fields differ from copy to copy, and equal expressions must be equal bytes.
void write_spec(ByteWriter& writer, const kernel::ReduceSpec& spec) {
  writer.put(spec.op);
  writer.put(spec.input);
  writer.put(static_cast<std::uint8_t>(spec.skipna));
  writer.put(spec.ddof);
  writer.put(spec.min_count);
}

kernel::ReduceSpec read_spec(ByteReader& reader) {
  kernel::ReduceSpec spec;
  spec.op = reader.get<kernel::ReduceOp>();
  spec.input = reader.get<DType>();
  spec.skipna = reader.get<std::uint8_t>() != 0;
  spec.ddof = reader.get<double>();
  spec.min_count = reader.get<std::int64_t>();
  return spec;
}

void write_parameters(ByteWriter& writer, const std::vector<kernel::UserParameter>& parameters) {
  writer.put_count(parameters.size());
  for (const auto& [name, value] : parameters) {
    writer.put_string(name);
    const auto* text = std::get_if<std::string>(&value);
    writer.put(static_cast<std::uint8_t>(text != nullptr));
    if (text != nullptr) writer.put_string(*text);
    else writer.put(std::get<double>(value));
  }
}

std::vector<kernel::UserParameter> read_parameters(ByteReader& reader) {
  std::vector<kernel::UserParameter> parameters(reader.get_count());
  for (auto& [name, value] : parameters) {
    name = reader.get_string();
    if (reader.get<std::uint8_t>() != 0) value = reader.get_string();
    else value = reader.get<double>();
  }
  return parameters;
}

/// Writes each node once, inputs before readers; a node refers to its inputs by number.
class ExprWriter {
 public:
  explicit ExprWriter(ByteWriter& writer) : writer_(writer) {}

  void collect(const ExprPtr& expr) {
    numbers_.emplace(expr.get(), static_cast<std::uint32_t>(order_.size()));
    order_.push_back(expr.get());
    if (const auto* source = expr->as<Source>()) {
      if (arrays_.emplace(source->array.get(), static_cast<std::uint32_t>(array_order_.size())).second)
        array_order_.push_back(source->array.get());
    }
  }

  void write(const std::vector<ExprPtr>& roots) {
    InputsFirst walk;
    for (const auto& root : roots) walk(root, [&](const ExprPtr& expr) { collect(expr); });
    writer_.put_count(array_order_.size());
    for (const StoredArray* array : array_order_) write_to(writer_, *array);
    writer_.put_count(order_.size());
    for (const Expr* expr : order_) write_node(*expr);
    writer_.put_count(roots.size());
    for (const auto& root : roots) writer_.put(numbers_.at(root.get()));
  }

 private:
  void write_node(const Expr& expr) {
    writer_.put(static_cast<std::uint8_t>(expr.node.index()));
    writer_.put(expr.dtype);
    writer_.put_vector(expr.shape);
    writer_.put_count(expr.inputs.size());
    for (const auto& input : expr.inputs) writer_.put(numbers_.at(input.get()));
    if (const auto* node = expr.as<Source>()) writer_.put(arrays_.at(node->array.get()));
    if (const auto* node = expr.as<Constant>()) node->value.write_to(writer_);
    if (const auto* node = expr.as<Elementwise>()) writer_.put(node->op);
    if (const auto* node = expr.as<Slice>()) {
      writer_.put_vector(node->start);
      writer_.put_vector(node->step);
    }
    if (const auto* node = expr.as<Take>()) {
      writer_.put(node->axis);
      writer_.put_vector(*node->indices);
    }
    if (const auto* node = expr.as<Permute>()) writer_.put_vector(node->axes);
    if (const auto* node = expr.as<Reduce>()) {
      writer_.put_vector(node->axes);
      write_spec(writer_, node->spec);
      writer_.put(static_cast<std::uint8_t>(node->user != nullptr));
      if (node->user != nullptr) {
        writer_.put_string(node->user->kernel);
        write_parameters(writer_, node->user->parameters);
        writer_.put(node->user->states);
        writer_.put(node->user->state_dtype);
      }
    }
    if (const auto* node = expr.as<UserMap>()) {
      writer_.put_string(node->kernel);
      write_parameters(writer_, node->parameters);
      writer_.put_count(node->axes.size());
      for (const auto& axis : node->axes) {
        writer_.put(axis.output);
        writer_.put(static_cast<std::uint8_t>(axis.whole));
        writer_.put(axis.before);
        writer_.put(axis.after);
        writer_.put(axis.boundary);
        writer_.put(axis.fill);
        writer_.put(axis.block);
      }
      writer_.put(static_cast<std::uint8_t>(node->padded));
    }
    if (const auto* node = expr.as<GroupReduce>()) {
      writer_.put(node->axis);
      writer_.put_vector(*node->codes);
      writer_.put(node->group_count);
      write_spec(writer_, node->spec);
    }
    if (const auto* node = expr.as<Concat>()) writer_.put(node->axis);
    if (const auto* node = expr.as<Rechunk>()) writer_.put_vector(node->chunk_shape);
    if (const auto* node = expr.as<LayerInput>()) writer_.put(node->layer);
  }

  ByteWriter& writer_;
  std::unordered_map<const Expr*, std::uint32_t> numbers_;
  std::vector<const Expr*> order_;
  std::unordered_map<const StoredArray*, std::uint32_t> arrays_;
  std::vector<const StoredArray*> array_order_;
};

template <std::size_t I = 0>
Expr::Node empty_node(std::size_t kind) {
  if constexpr (I == std::variant_size_v<Expr::Node>) {
    throw DecodeError("malformed frame: no such kind of expression");
  } else {
    return kind == I ? Expr::Node(std::in_place_index<I>) : empty_node<I + 1>(kind);
  }
}

class ExprReader {
 public:
  explicit ExprReader(ByteReader& reader) : reader_(reader) {}

  std::vector<ExprPtr> read() {
    arrays_.resize(reader_.get_count());
    for (auto& array : arrays_) array = read_stored_array(reader_);
    const std::size_t count = reader_.get_count();
    for (std::size_t i = 0; i < count; ++i) nodes_.push_back(read_node());
    std::vector<ExprPtr> roots(reader_.get_count(sizeof(std::uint32_t)));
    for (auto& root : roots) root = node(reader_.get<std::uint32_t>());
    return roots;
  }

 private:
  ExprPtr node(std::uint32_t number) const {
    if (number >= nodes_.size()) throw DecodeError("malformed frame: an expression names a later one");
    return nodes_[number];
  }

  ExprPtr read_node() {
    Expr::Node kind = empty_node(reader_.get<std::uint8_t>());
    const auto dtype = reader_.get<DType>();
    Shape shape = reader_.get_vector<std::int64_t>();
    std::vector<ExprPtr> inputs(reader_.get_count(sizeof(std::uint32_t)));
    for (auto& input : inputs) input = node(reader_.get<std::uint32_t>());
    std::visit([&](auto& part) { read_part(part); }, kind);
    if (auto* part = std::get_if<Concat>(&kind)) {
      if (inputs.empty()) throw DecodeError("malformed frame: nothing to join");
      for (const auto& input : inputs)
        if (part->axis < 0 || part->axis >= input->ndim()) throw DecodeError("malformed frame: no such axis to join along");
      *part = Concat::of(part->axis, inputs);
    }
    return std::make_shared<const Expr>(std::move(kind), dtype, std::move(shape), std::move(inputs));
  }

  void read_part(Source& part) {
    const auto number = reader_.get<std::uint32_t>();
    if (number >= arrays_.size()) throw DecodeError("malformed frame: no such stored array");
    part.array = arrays_[number];
  }
  void read_part(Constant& part) { part.value = NdArray::read_from(reader_); }
  void read_part(Elementwise& part) { part.op = reader_.get<kernel::Op>(); }
  void read_part(Slice& part) {
    part.start = reader_.get_vector<std::int64_t>();
    part.step = reader_.get_vector<std::int64_t>();
  }
  void read_part(Take& part) {
    part.axis = reader_.get<int>();
    part.indices = std::make_shared<const std::vector<std::int64_t>>(reader_.get_vector<std::int64_t>());
  }
  void read_part(Permute& part) { part.axes = reader_.get_vector<int>(); }
  void read_part(Broadcast&) {}
  void read_part(Reduce& part) {
    part.axes = reader_.get_vector<int>();
    part.spec = read_spec(reader_);
    if (reader_.get<std::uint8_t>() == 0) return;
    UserReduction user;
    user.kernel = reader_.get_string();
    user.parameters = read_parameters(reader_);
    user.states = reader_.get<int>();
    user.state_dtype = reader_.get<DType>();
    part.user = std::make_shared<const UserReduction>(std::move(user));
  }
  void read_part(UserMap& part) {
    part.kernel = reader_.get_string();
    part.parameters = read_parameters(reader_);
    part.axes.resize(reader_.get_count());
    for (auto& axis : part.axes) {
      axis.output = reader_.get<int>();
      axis.whole = reader_.get<std::uint8_t>() != 0;
      axis.before = reader_.get<std::int64_t>();
      axis.after = reader_.get<std::int64_t>();
      axis.boundary = reader_.get<kernel::Boundary>();
      axis.fill = reader_.get<double>();
      axis.block = reader_.get<std::int64_t>();
    }
    part.padded = reader_.get<std::uint8_t>() != 0;
  }
  void read_part(GroupReduce& part) {
    part.axis = reader_.get<int>();
    part.codes = std::make_shared<const std::vector<std::int32_t>>(reader_.get_vector<std::int32_t>());
    part.group_count = reader_.get<std::int64_t>();
    part.spec = read_spec(reader_);
  }
  void read_part(Concat& part) { part.axis = reader_.get<int>(); }
  void read_part(Rechunk& part) { part.chunk_shape = reader_.get_vector<std::int64_t>(); }
  void read_part(LayerInput& part) { part.layer = reader_.get<LayerId>(); }

  ByteReader& reader_;
  std::vector<StoredArrayPtr> arrays_;
  std::vector<ExprPtr> nodes_;
};

}  // namespace

void write_to(ByteWriter& writer, const std::vector<ExprPtr>& roots) { ExprWriter(writer).write(roots); }

std::vector<ExprPtr> read_exprs(ByteReader& reader) { return ExprReader(reader).read(); }

}  // namespace rankine::array
