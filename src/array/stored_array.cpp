#include "array/stored_array.hpp"

#include "array/output_spec.hpp"
#include "base/byte_stream.hpp"
#include "base/check.hpp"
#include "grid/byte_count.hpp"

namespace rankine::array {
namespace {

void write_pipeline(ByteWriter& writer, const codec::Pipeline& pipeline) {
  writer.put_count(pipeline.size());
  for (const auto& codec : pipeline) {
    writer.put(codec.kind);
    writer.put(codec.level);
    writer.put(codec.element_bytes);
    writer.put(codec.blosc_shuffle);
    writer.put_string(codec.blosc_compressor);
    writer.put(codec.value_type);
    writer.put(codec.stored_type);
    writer.put(static_cast<std::uint8_t>(codec.value_big_endian | codec.stored_big_endian << 1));
    writer.put(codec.offset);
    writer.put(codec.scale);
    writer.put_vector(codec.parameters);
  }
}

codec::Pipeline read_pipeline(ByteReader& reader) {
  codec::Pipeline pipeline(reader.get_count(13));
  for (auto& codec : pipeline) {
    codec.kind = reader.get<codec::Kind>();
    codec.level = reader.get<int>();
    codec.element_bytes = reader.get<int>();
    codec.blosc_shuffle = reader.get<int>();
    codec.blosc_compressor = reader.get_string();
    codec.value_type = reader.get<DType>();
    codec.stored_type = reader.get<DType>();
    const auto flags = reader.get<std::uint8_t>();
    codec.value_big_endian = (flags & 1) != 0;
    codec.stored_big_endian = (flags & 2) != 0;
    codec.offset = reader.get<double>();
    codec.scale = reader.get<double>();
    codec.parameters = reader.get_vector<std::uint32_t>();
  }
  return pipeline;
}

void write_keys(ByteWriter& writer, const ZarrKeys& keys) {
  writer.put_string(keys.archive);
  writer.put_string(keys.prefix);
  writer.put_string(keys.metadata);
  writer.put_count(keys.shards.size());
  for (const auto& shard : keys.shards) {
    writer.put_vector(shard.shape);
    writer.put(static_cast<std::uint8_t>(shard.index_at_end | shard.index_big_endian << 1));
    write_pipeline(writer, shard.index_codecs);
  }
}

ZarrKeys read_keys(ByteReader& reader) {
  ZarrKeys keys;
  keys.archive = reader.get_string();
  keys.prefix = reader.get_string();
  keys.metadata = reader.get_string();
  keys.shards.resize(reader.get_count(17));
  for (auto& shard : keys.shards) {
    shard.shape = reader.get_vector<std::int64_t>();
    const auto flags = reader.get<std::uint8_t>();
    shard.index_at_end = (flags & 1) != 0;
    shard.index_big_endian = (flags & 2) != 0;
    shard.index_codecs = read_pipeline(reader);
  }
  return keys;
}

void write_names(ByteWriter& writer, const std::vector<std::string>& names) {
  writer.put_count(names.size());
  for (const auto& name : names) writer.put_string(name);
}

std::vector<std::string> read_names(ByteReader& reader) {
  std::vector<std::string> names(reader.get_count(sizeof(std::uint64_t)));
  for (auto& name : names) name = reader.get_string();
  return names;
}

void write_optional(ByteWriter& writer, const std::optional<NdArray>& array) {
  writer.put(static_cast<std::uint8_t>(array.has_value()));
  if (array) array->write_to(writer);
}

std::optional<NdArray> read_optional(ByteReader& reader) {
  if (reader.get<std::uint8_t>() == 0) return std::nullopt;
  return NdArray::read_from(reader);
}

}  // namespace

std::int64_t chunk_count(const StoredArray& array) {
  std::int64_t count = 1;
  for (std::size_t axis = 0; axis < array.shape.size(); ++axis)
    count *= ceil_div(array.shape[axis], std::max<std::int64_t>(1, array.chunk_shape[axis]));
  return count;
}

std::uint64_t stored_bytes(const StoredArray& array) {
  if (array.index == nullptr) return byte_count(array.shape, array.dtype);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < array.index->sizes.size(); ++i)
    if (array.index->offsets[i] != ChunkIndex::missing) total += array.index->sizes[i];
  return total;
}

void write_identity(ByteWriter& writer, const StoredArray& array) {
  writer.put(array.storage);
  writer.put_string(array.path);
  writer.put_string(array.variable);
  writer.put(array.dtype);
  writer.put(static_cast<std::uint8_t>(array.big_endian));
  writer.put(static_cast<std::uint8_t>(array.fortran_order));
  writer.put_vector(array.shape);
  writer.put_vector(array.chunk_shape);
  write_pipeline(writer, array.codecs);
  writer.put(array.fill);
  writer.put(array.offset);
  writer.put(array.record_stride);
  writer.put(array.separator);
  writer.put_string(array.library_reason);
  writer.put_string(array.refusal);
  writer.put_vector(array.axis_order);
  write_keys(writer, array.zarr);
  writer.put(array.file_size);
  writer.put(array.file_mtime_ns);
}

bool same_stored(const StoredArray& a, const StoredArray& b) {
  ByteWriter of_a, of_b;
  write_identity(of_a, a);
  write_identity(of_b, b);
  return of_a.take() == of_b.take();
}

void write_to(ByteWriter& writer, const StoredArray& array) {
  write_identity(writer, array);
  writer.put(static_cast<std::uint8_t>(array.index != nullptr));
  if (array.index == nullptr) return;
  writer.put_vector(array.index->offsets);
  writer.put_vector(array.index->sizes);
  writer.put_vector(array.index->filter_masks);
  writer.put_string(array.index->damage);
}

StoredArrayPtr read_stored_array(ByteReader& reader) {
  auto array = std::make_shared<StoredArray>();
  array->storage = reader.get<Storage>();
  array->path = reader.get_string();
  array->variable = reader.get_string();
  array->dtype = reader.get<DType>();
  array->big_endian = reader.get<std::uint8_t>() != 0;
  array->fortran_order = reader.get<std::uint8_t>() != 0;
  array->shape = reader.get_vector<std::int64_t>();
  array->chunk_shape = reader.get_vector<std::int64_t>();
  array->codecs = read_pipeline(reader);
  array->fill = reader.get<std::array<std::byte, 8>>();
  array->offset = reader.get<std::uint64_t>();
  array->record_stride = reader.get<std::uint64_t>();
  array->separator = reader.get<char>();
  array->library_reason = reader.get_string();
  array->refusal = reader.get_string();
  array->axis_order = reader.get_vector<std::int64_t>();
  array->zarr = read_keys(reader);
  array->file_size = reader.get<std::uint64_t>();
  array->file_mtime_ns = reader.get<std::int64_t>();
  if (reader.get<std::uint8_t>() != 0) {
    auto index = std::make_shared<ChunkIndex>();
    index->offsets = reader.get_vector<std::uint64_t>();
    index->sizes = reader.get_vector<std::uint32_t>();
    index->filter_masks = reader.get_vector<std::uint32_t>();
    index->damage = reader.get_string();
    array->index = std::move(index);
  }
  return array;
}

void write_to(ByteWriter& writer, const Attributes& attributes) {
  writer.put_count(attributes.size());
  for (const auto& [name, value] : attributes) {
    writer.put_string(name);
    writer.put(static_cast<std::uint8_t>(value.index()));
    if (const auto* text = std::get_if<std::string>(&value)) writer.put_string(*text);
    else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) write_names(writer, *texts);
    else std::get<NdArray>(value).write_to(writer);
  }
}

Attributes read_attributes(ByteReader& reader) {
  Attributes attributes;
  const std::size_t count = reader.get_count();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = reader.get_string();
    switch (reader.get<std::uint8_t>()) {
      case 0: attributes.set(name, reader.get_string()); break;
      case 1: attributes.set(name, read_names(reader)); break;
      case 2: attributes.set(name, NdArray::read_from(reader)); break;
      default: throw DecodeError("malformed frame: no such kind of attribute");
    }
  }
  return attributes;
}

void write_to(ByteWriter& writer, const OutputSpec& spec) {
  writer.put_string(spec.path);
  writer.put(spec.format);
  writer.put(spec.mode);
  writer.put(static_cast<std::uint8_t>(spec.consolidated));
  writer.put_count(spec.dims.size());
  for (const auto& dim : spec.dims) {
    writer.put_string(dim.name);
    writer.put(dim.size);
    writer.put(static_cast<std::uint8_t>(dim.unlimited));
  }
  writer.put_count(spec.variables.size());
  for (const auto& variable : spec.variables) {
    writer.put_string(variable.name);
    write_names(writer, variable.dims);
    writer.put(variable.dtype);
    writer.put_vector(variable.shape);
    writer.put_vector(variable.chunk_shape);
    write_pipeline(writer, variable.codecs);
    write_optional(writer, variable.fill);
    write_to(writer, variable.attributes);
    write_optional(writer, variable.value);
    writer.put_vector(variable.inner_chunk_shape);
    writer.put(static_cast<std::int32_t>(variable.keep_digits));
    writer.put(variable.quantize);
    writer.put(variable.character_count);
    writer.put_string(variable.character_dim);
    writer.put(static_cast<std::uint8_t>(variable.existing != nullptr));
    if (variable.existing) write_to(writer, *variable.existing);
    writer.put_vector(variable.origin);
  }
  writer.put_string(spec.group);
  writer.put_string(spec.append_dim);
  writer.put(spec.append_begin);
  write_to(writer, spec.attributes);
}

OutputSpec read_output_spec(ByteReader& reader) {
  OutputSpec spec;
  spec.path = reader.get_string();
  spec.format = reader.get<OutputFormat>();
  spec.mode = reader.get<WriteMode>();
  spec.consolidated = reader.get<std::uint8_t>() != 0;
  spec.dims.resize(reader.get_count());
  for (auto& dim : spec.dims) {
    dim.name = reader.get_string();
    dim.size = reader.get<std::int64_t>();
    dim.unlimited = reader.get<std::uint8_t>() != 0;
  }
  spec.variables.resize(reader.get_count());
  for (auto& variable : spec.variables) {
    variable.name = reader.get_string();
    variable.dims = read_names(reader);
    variable.dtype = reader.get<DType>();
    variable.shape = reader.get_vector<std::int64_t>();
    variable.chunk_shape = reader.get_vector<std::int64_t>();
    variable.codecs = read_pipeline(reader);
    variable.fill = read_optional(reader);
    variable.attributes = read_attributes(reader);
    variable.value = read_optional(reader);
    variable.inner_chunk_shape = reader.get_vector<std::int64_t>();
    variable.keep_digits = reader.get<std::int32_t>();
    variable.quantize = reader.get<Quantize>();
    if (variable.quantize > Quantize::granular_bit_round) throw DecodeError("malformed frame: an unknown quantize mode");
    variable.character_count = reader.get<std::int64_t>();
    variable.character_dim = reader.get_string();
    if (reader.get<std::uint8_t>() != 0) variable.existing = read_stored_array(reader);
    variable.origin = reader.get_vector<std::int64_t>();
  }
  spec.group = reader.get_string();
  spec.append_dim = reader.get_string();
  spec.append_begin = reader.get<std::int64_t>();
  spec.attributes = read_attributes(reader);
  return spec;
}

}  // namespace rankine::array
