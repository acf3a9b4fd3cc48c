#include <algorithm>

#include "store/hdf5/hdf5_dataset.hpp"

namespace rankine::store {
namespace {

constexpr std::uint64_t layout_compact = 0, layout_contiguous = 1, layout_chunked = 2, layout_virtual = 3;

void read_chunks_of_old_layout(Hdf5Fields& fields, std::uint64_t ndim, Hdf5Dataset& dataset) {
  ChunkLayout& chunks = dataset.chunks;
  if (ndim < 2 || ndim > 33) fields.fail("a chunk of " + std::to_string(ndim) + " dims");
  for (std::uint64_t axis = 0; axis + 1 < ndim; ++axis) chunks.chunk_shape.push_back(fields.integer(4));
  chunks.element_bytes = fields.integer(4);
  dataset.layout = Hdf5Dataset::Layout::chunked;
}

/// Versions 1 and 2: the shape stands there for every layout.
void read_layout1(Hdf5Fields& fields, std::uint64_t message_address, Hdf5Dataset& dataset) {
  const std::uint64_t ndim = fields.integer(1);
  const std::uint64_t layout_class = fields.integer(1);
  fields.skip(5);
  if (layout_class == layout_compact) {
    fields.skip(4 * ndim);
    dataset.data_bytes = fields.integer(4);
    dataset.address = message_address + fields.position();
    fields.skip(dataset.data_bytes);
    dataset.layout = Hdf5Dataset::Layout::compact;
    return;
  }
  const std::uint64_t address = fields.address();
  if (layout_class == layout_contiguous) {
    dataset.layout = Hdf5Dataset::Layout::contiguous;
    dataset.address = address;
  } else if (layout_class == layout_chunked) {
    read_chunks_of_old_layout(fields, ndim, dataset);
    dataset.chunks.address = address;
    dataset.chunks.is_undefined = fields.is_undefined(address);
  }
}

void read_chunks_of_new_layout(Hdf5Fields& fields, Hdf5Dataset& dataset) {
  ChunkLayout& chunks = dataset.chunks;
  const auto flags = fields.integer(1);
  const std::uint64_t ndim = fields.integer(1);
  const int extent_bytes = static_cast<int>(fields.integer(1));
  if (ndim < 2 || ndim > 33 || extent_bytes < 1 || extent_bytes > 8) fields.fail("chunk layout");
  for (std::uint64_t axis = 0; axis + 1 < ndim; ++axis) chunks.chunk_shape.push_back(fields.integer(extent_bytes));
  chunks.element_bytes = fields.integer(extent_bytes);
  chunks.unfiltered_edges = (flags & 1) != 0;
  switch (fields.integer(1)) {
    case 1:
      chunks.kind = ChunkIndexKind::single;
      chunks.single_filtered = (flags & 2) != 0;
      if (chunks.single_filtered) {
        chunks.single_bytes = fields.length();
        chunks.single_filter_mask = static_cast<std::uint32_t>(fields.integer(4));
      }
      break;
    case 2: chunks.kind = ChunkIndexKind::implicit; break;
    case 3:
      chunks.kind = ChunkIndexKind::fixed_array;
      fields.skip(1);
      break;
    case 4:
      chunks.kind = ChunkIndexKind::extensible_array;
      fields.skip(5);
      break;
    case 5:
      chunks.kind = ChunkIndexKind::btree2;
      fields.skip(6);
      break;
    default: return;  // newer than we are
  }
  chunks.address = fields.address();
  chunks.is_undefined = fields.is_undefined(chunks.address);
  dataset.layout = Hdf5Dataset::Layout::chunked;
}

void read_layout(const Hdf5File& file, const Hdf5Message& message, Hdf5Dataset& dataset) {
  Hdf5Fields fields(file, message.body);
  const std::uint64_t version = fields.integer(1);
  if (version == 1 || version == 2) return read_layout1(fields, message.body_address, dataset);
  if (version != 3 && version != 4) return;
  switch (fields.integer(1)) {
    case layout_compact:
      dataset.layout = Hdf5Dataset::Layout::compact;
      dataset.data_bytes = fields.integer(2);
      dataset.address = message.body_address + fields.position();
      fields.skip(dataset.data_bytes);
      break;
    case layout_contiguous:
      dataset.layout = Hdf5Dataset::Layout::contiguous;
      dataset.address = fields.address();
      break;
    case layout_chunked:
      if (version == 4) return read_chunks_of_new_layout(fields, dataset);
      {
        const std::uint64_t ndim = fields.integer(1);
        dataset.chunks.address = fields.address();
        dataset.chunks.is_undefined = fields.is_undefined(dataset.chunks.address);
        read_chunks_of_old_layout(fields, ndim, dataset);
      }
      break;
    case layout_virtual: dataset.layout = Hdf5Dataset::Layout::virtual_dataset; break;
    default: break;
  }
}

}  // namespace

bool is_dataset(const ObjectHeader& header) {
  return header.find(MessageType::layout) != nullptr && header.find(MessageType::dataspace) != nullptr &&
         header.find(MessageType::datatype) != nullptr;
}

Hdf5Dataset read_hdf5_dataset(const Hdf5File& file, const ObjectHeader& header) {
  Hdf5Dataset dataset;
  Hdf5Fields type(file, header.find(MessageType::datatype)->body);
  dataset.type = read_datatype(type);
  Hdf5Fields space(file, header.find(MessageType::dataspace)->body);
  dataset.space = read_dataspace(space);
  if (const Hdf5Message* fill = header.find(MessageType::fill)) {
    Hdf5Fields fields(file, fill->body);
    dataset.fill = read_fill_value(fields, false);
  } else if (const Hdf5Message* old_fill = header.find(MessageType::old_fill)) {
    Hdf5Fields fields(file, old_fill->body);
    dataset.fill = read_fill_value(fields, true);
  }
  if (const Hdf5Message* filters = header.find(MessageType::filters)) {
    Hdf5Fields fields(file, filters->body);
    dataset.filters = read_filters(fields);
  }
  dataset.has_external_files = header.find(MessageType::external_files) != nullptr;
  read_layout(file, *header.find(MessageType::layout), dataset);
  if (dataset.layout == Hdf5Dataset::Layout::chunked) {
    if (dataset.chunks.chunk_shape.size() != dataset.space.extents.size() || dataset.chunks.element_bytes != dataset.type.bytes)
      file.fail("a chunk shape that does not fit its dataset");
    std::uint64_t bytes = dataset.chunks.element_bytes;
    for (const std::uint64_t extent : dataset.chunks.chunk_shape) {
      if (extent == 0 || extent > UINT32_MAX / std::max<std::uint64_t>(bytes, 1)) file.fail("a chunk of impossible size");
      bytes *= extent;
    }
  }
  return dataset;
}

}  // namespace rankine::store
