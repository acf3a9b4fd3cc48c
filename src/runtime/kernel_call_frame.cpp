#include "runtime/kernel_call_frame.hpp"

#include <cstring>

#include "base/byte_stream.hpp"

namespace rankine::runtime {
namespace {

constexpr std::size_t alignment = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

std::size_t bytes_of(const rankine_kernel_array& array) {
  std::size_t bytes = size_of(kernel::block_dtype(array.dtype));
  for (int axis = 0; axis < array.ndim; ++axis) bytes *= static_cast<std::size_t>(array.shape[axis]);
  return bytes;
}

void put_array(ByteWriter& writer, const rankine_kernel_array& array) {
  const auto ndim = static_cast<std::size_t>(array.ndim);
  writer.put_string(array.dtype);
  for (const std::int64_t* values : {array.shape, array.origin, array.before, array.after})
    writer.put_vector(std::span(values, ndim));
}

std::uint64_t offset_at(std::span<const std::byte> shared, std::size_t number) {
  std::uint64_t offset = 0;
  std::memcpy(&offset, shared.data() + number * sizeof offset, sizeof offset);
  return offset;
}

}  // namespace

// Layout: where the message lies and its size, number of arrays, their offsets; the head; the message; the elements.
KernelCallLayout::KernelCallLayout(const kernel::UserKernel& kernel, kernel::UserStage stage, const rankine_kernel_call& call)
    : call_(call) {
  ByteWriter writer;
  writer.put_string(kernel.full_name());
  writer.put(stage);
  writer.put_count(static_cast<std::uint64_t>(call.input_count));
  for (int i = 0; i < call.input_count; ++i) put_array(writer, call.inputs[i]);
  put_array(writer, *call.output);
  writer.put_count(static_cast<std::uint64_t>(call.parameter_count));
  for (int i = 0; i < call.parameter_count; ++i) {
    const rankine_kernel_parameter& parameter = call.parameters[i];
    writer.put_string(parameter.name);
    writer.put(parameter.number);
    writer.put(parameter.text != nullptr);
    writer.put_string(parameter.text != nullptr ? parameter.text : "");
  }
  head_ = writer.take();
  const auto arrays = static_cast<std::size_t>(call.input_count) + 1;
  bytes_ = aligned((3 + arrays) * sizeof(std::uint64_t) + head_.size());
  offsets_.push_back(bytes_);
  bytes_ += aligned(call.message_size);
  for (std::size_t i = 0; i < arrays; ++i) {
    offsets_.push_back(bytes_);
    bytes_ += aligned(bytes_of(i + 1 < arrays ? call.inputs[i] : *call.output));
  }
}

void KernelCallLayout::write_call(std::span<std::byte> shared) const {
  std::vector<std::uint64_t> numbers{offsets_[0], call_.message_size, offsets_.size() - 1};
  numbers.insert(numbers.end(), offsets_.begin() + 1, offsets_.end());
  std::memcpy(shared.data(), numbers.data(), numbers.size() * sizeof(std::uint64_t));
  std::memcpy(shared.data() + numbers.size() * sizeof(std::uint64_t), head_.data(), head_.size());
  shared[offsets_[0]] = std::byte{0};
  for (int i = 0; i < call_.input_count; ++i) {
    const std::size_t bytes = bytes_of(call_.inputs[i]);
    if (bytes != 0) std::memcpy(shared.data() + offsets_[static_cast<std::size_t>(i) + 1], call_.inputs[i].data, bytes);
  }
}

void KernelCallLayout::read_result(std::span<const std::byte> shared) const {
  const std::size_t bytes = bytes_of(*call_.output);
  if (bytes != 0) std::memcpy(call_.output->data, shared.data() + offsets_.back(), bytes);
  if (call_.message_size == 0) return;
  std::memcpy(call_.message, shared.data() + offsets_[0], call_.message_size);
  call_.message[call_.message_size - 1] = '\0';
}

SharedKernelCall::SharedKernelCall(std::span<std::byte> shared) {
  const auto need = [&](bool there) {
    if (!there) throw DecodeError("no call of a kernel");
  };
  need(shared.size() >= 3 * sizeof(std::uint64_t));
  const std::uint64_t message = offset_at(shared, 0), message_size = offset_at(shared, 1), arrays = offset_at(shared, 2);
  need(arrays >= 1 && arrays <= shared.size() / sizeof(std::uint64_t) - 3);
  need(message <= shared.size() && message_size <= shared.size() - message);
  ByteReader reader(shared.subspan((3 + arrays) * sizeof(std::uint64_t)));
  kernel_ = reader.get_string();
  stage_ = reader.get<kernel::UserStage>();
  need(reader.get_count() + 1 == arrays);
  arrays_.resize(arrays);
  for (std::size_t i = 0; i < arrays; ++i) {
    Array& array = arrays_[i];
    array.dtype = reader.get_string();
    for (auto* values : {&array.shape, &array.origin, &array.before, &array.after}) {
      *values = reader.get_vector<std::int64_t>();
      need(values->size() == array.shape.size());
    }
    const std::uint64_t offset = offset_at(shared, 3 + i);
    array.view = {shared.data() + offset, array.dtype.c_str(), static_cast<int>(array.shape.size()), array.shape.data(),
                  array.origin.data(), array.before.data(), array.after.data()};
    need(offset <= shared.size() && bytes_of(array.view) <= shared.size() - offset);
    if (i + 1 < arrays) inputs_.push_back(array.view);
  }
  parameters_.resize(reader.get_count());
  for (Parameter& parameter : parameters_) {
    parameter.name = reader.get_string();
    parameter.number = reader.get<double>();
    parameter.is_text = reader.get<bool>();
    parameter.text = reader.get_string();
    given_.push_back({parameter.name.c_str(), parameter.number, parameter.is_text ? parameter.text.c_str() : nullptr});
  }
  call_ = {static_cast<int>(inputs_.size()), inputs_.data(), &arrays_.back().view, static_cast<int>(given_.size()), given_.data(),
           reinterpret_cast<char*>(shared.data() + message), message_size};
}

}  // namespace rankine::runtime
