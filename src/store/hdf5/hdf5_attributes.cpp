#include "store/hdf5/hdf5_attributes.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.hpp"
#include "base/half_float.hpp"
#include "codec/codec.hpp"
#include "store/hdf5/btree2.hpp"
#include "store/hdf5/fractal_heap.hpp"

namespace rankine::store {
namespace {

constexpr int attribute_names_tree = 8;
constexpr std::uint64_t heap_allowance_bytes = 64u << 20;
constexpr std::uint64_t max_elements = 1u << 28;

std::uint64_t count_elements(const Hdf5File& file, const Hdf5Space& space) {
  std::uint64_t count = space.is_null ? 0 : 1;
  for (const std::uint64_t extent : space.extents) {
    if (extent != 0 && count > max_elements / extent) file.fail("an attribute of impossible size");
    count *= extent;
  }
  return count;
}

Hdf5Attribute read_attribute(const Hdf5File& file, std::vector<std::byte> body) {
  Hdf5Fields fields(file, std::move(body));
  const auto version = fields.integer(1);
  if (version < 1 || version > 3) fields.fail("unknown attribute version");
  const auto flags = static_cast<unsigned>(fields.integer(1));
  const std::uint64_t name_bytes = fields.integer(2), type_bytes = fields.integer(2), space_bytes = fields.integer(2);
  if (version == 3) fields.skip(1);
  const auto take = [&](std::uint64_t bytes) {
    auto part = fields.take(bytes);
    if (version == 1) fields.skip(std::min<std::uint64_t>((8 - bytes % 8) % 8, fields.remaining()));
    return part;
  };
  Hdf5Attribute attribute;
  const auto name = take(name_bytes);
  attribute.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  attribute.name = attribute.name.substr(0, attribute.name.find('\0'));
  const unsigned shared = version == 1 ? 0 : flags;
  Hdf5Fields type(file, follow_shared(file, MessageType::datatype, take(type_bytes), (shared & 1) << 1));
  attribute.type = read_datatype(type);
  Hdf5Fields space(file, follow_shared(file, MessageType::dataspace, take(space_bytes), shared & 2));
  attribute.space = read_dataspace(space);
  const std::uint64_t count = count_elements(file, attribute.space);
  if (attribute.type.bytes != 0 && count > fields.remaining() / attribute.type.bytes)
    fields.fail("attribute '" + attribute.name + "' ends too early");
  attribute.data = fields.take(count * attribute.type.bytes);
  return attribute;
}

}  // namespace

GlobalHeap::GlobalHeap(const Hdf5File& file) : file_(file), budget_(file.size() + heap_allowance_bytes) {}

void GlobalHeap::count(std::uint64_t bytes) {
  if (bytes > budget_) file_.fail("texts that are larger than the file");
  budget_ -= bytes;
}

const GlobalHeap::Collection& GlobalHeap::collection(std::uint64_t address) {
  const auto found = collections_.find(address);
  if (found != collections_.end()) return found->second;
  const auto lengths = static_cast<std::uint64_t>(file_.length_bytes());
  Hdf5Fields head(file_, address, 8 + lengths);
  head.expect("GCOL");
  if (head.integer(1) != 1) head.fail("unknown global heap version");
  head.skip(3);
  const std::uint64_t bytes = head.length();
  const std::uint64_t head_bytes = 8 + lengths, object_head = 8 + lengths;
  if (bytes < head_bytes || !file_.holds(address, bytes)) head.fail("a global heap beyond the file's end");
  count(bytes / 16);
  Collection objects;
  for (std::uint64_t at = head_bytes; at + object_head <= bytes;) {
    Hdf5Fields object(file_, address + at, object_head);
    const std::uint64_t index = object.integer(2);
    object.skip(6);
    const std::uint64_t size = object.length();
    if (index == 0) break;  // the free space is the last
    if (size > bytes - at - object_head) object.fail("a global heap object outside its heap");
    objects[index] = {address + at + object_head, size};
    at += object_head + (size + 7) / 8 * 8;
  }
  return collections_[address] = std::move(objects);
}

std::vector<std::byte> GlobalHeap::object(std::uint64_t address, std::uint64_t index, std::uint64_t bytes) {
  const Collection& objects = collection(address);
  const auto found = objects.find(index);
  if (found == objects.end()) file_.fail("a global heap object that is not there");
  if (bytes > found->second.bytes) file_.fail("a global heap object that is too short");
  count(bytes);
  return file_.read(found->second.address, bytes);
}

std::vector<std::byte> GlobalHeap::sequence(Hdf5Fields& element, std::uint64_t element_bytes) {
  const std::uint64_t members = element.integer(4);
  const std::uint64_t address = element.address();
  const std::uint64_t index = element.integer(4);
  if (members == 0 || address == 0 || element.is_undefined(address)) return {};
  return object(address, index, members * element_bytes);
}

std::vector<Hdf5Attribute> read_hdf5_attributes(const Hdf5File& file, const ObjectHeader& header) {
  std::vector<Hdf5Attribute> attributes;
  for (const Hdf5Message& message : header.messages) {
    if (message.type != MessageType::attribute) continue;
    attributes.push_back(read_attribute(file, message.body));
    attributes.back().creation_order = message.creation_order;
  }
  if (const Hdf5Message* info = header.find(MessageType::attribute_info)) {
    Hdf5Fields fields(file, info->body);
    if (fields.integer(1) != 0) fields.fail("unknown attribute list version");
    if ((fields.integer(1) & 1) != 0) fields.skip(2);
    const std::uint64_t heap_address = fields.address();
    const std::uint64_t tree = fields.address();
    if (!fields.is_undefined(heap_address)) {
      FractalHeap heap(file, heap_address);
      walk_btree2(file, tree, attribute_names_tree, [&](Hdf5Fields& record) {
        auto id = record.take(8);
        const auto flags = static_cast<unsigned>(record.integer(1));
        const std::uint64_t order = record.integer(4);
        if ((flags & 2) != 0) record.fail("a shared attribute without the table of such");
        attributes.push_back(read_attribute(file, heap.object(std::move(id))));
        attributes.back().creation_order = order;
      });
    }
  }
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const auto& a, const auto& b) { return a.creation_order < b.creation_order; });
  return attributes;
}

bool convert_numbers(const Hdf5Type& type, std::span<const std::byte> data, NdArray& out) {
  const auto count = static_cast<std::size_t>(out.size());
  if (data.size() != count * type.bytes) return false;
  if (type.is_exact) {
    if (!data.empty()) std::memcpy(out.raw(), data.data(), data.size());
    if (type.big_endian) codec::swap_bytes({out.raw(), data.size()}, type.bytes);
    return true;
  }
  if (type.kind != Hdf5Class::floating || type.bytes != 2) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto low = std::to_integer<unsigned>(data[2 * i]), high = std::to_integer<unsigned>(data[2 * i + 1]);
    out.data<float>()[i] = float_of_half(static_cast<std::uint16_t>(type.big_endian ? low << 8 | high : high << 8 | low));
  }
  return true;
}

std::vector<std::string> convert_texts(const Hdf5File& file, const Hdf5Type& type, std::vector<std::byte> data,
                                       std::uint64_t count, GlobalHeap& heap) {
  std::vector<std::string> texts;
  texts.reserve(count);
  Hdf5Fields fields(file, std::move(data));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto bytes = type.kind == Hdf5Class::string ? fields.take(type.bytes) : heap.sequence(fields, 1);
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    texts.push_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

std::optional<array::AttributeValue> attribute_value(const Hdf5File& file, const Hdf5Attribute& attribute, GlobalHeap& heap) {
  const std::uint64_t count = count_elements(file, attribute.space);
  const std::size_t ndim = attribute.space.extents.size();
  if (ndim > 1) return std::nullopt;  // NetCDF's attributes have one dim
  const Hdf5Type& type = attribute.type;
  if (type.kind == Hdf5Class::string && ndim == 0) {
    const auto* text = reinterpret_cast<const char*>(attribute.data.data());
    return array::AttributeValue(without_nuls(std::string(text, attribute.data.size())));
  }
  if (type.kind == Hdf5Class::string || (type.kind == Hdf5Class::variable_length && type.is_text)) {
    auto texts = convert_texts(file, type, attribute.data, count, heap);
    if (attribute.space.is_null) return array::AttributeValue(std::string());
    if (texts.size() == 1) return array::AttributeValue(std::move(texts.front()));
    return array::AttributeValue(std::move(texts));
  }
  if (!type.is_numeric) return std::nullopt;
  NdArray values(type.dtype, count == 1 ? Shape{} : Shape{static_cast<std::int64_t>(count)});
  if (!convert_numbers(type, attribute.data, values)) return std::nullopt;
  return array::AttributeValue(std::move(values));
}

std::string attribute_text(const Hdf5File& file, const Hdf5Attribute& attribute, GlobalHeap& heap) {
  const auto value = attribute_value(file, attribute, heap);
  const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
  return text == nullptr ? "" : *text;
}

}  // namespace rankine::store
