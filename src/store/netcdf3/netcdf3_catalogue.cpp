#include <cstring>

#include "base/error.hpp"
#include "store/backends.hpp"
#include "store/netcdf3/header.hpp"

namespace rankine::store {
namespace {

Shape shape_of(const Netcdf3Header& header, const Netcdf3Header::Variable& variable) {
  Shape shape;
  for (const std::size_t id : variable.dims) shape.push_back(static_cast<std::int64_t>(header.dims[id].size));
  return shape;
}

/// NC_FILL_...: what libnetcdf writes where nothing was written.
std::array<std::byte, 8> default_fill(DType dtype) {
  std::array<std::byte, 8> fill{};
  const auto put = [&](auto value) { std::memcpy(fill.data(), &value, sizeof value); };
  switch (dtype) {
    case DType::int8: put(std::int8_t{-127}); break;
    case DType::int16: put(std::int16_t{-32767}); break;
    case DType::int32: put(std::int32_t{-2147483647}); break;
    case DType::int64: put(std::int64_t{-9223372036854775806}); break;
    case DType::uint8: put(std::uint8_t{255}); break;
    case DType::uint16: put(std::uint16_t{65535}); break;
    case DType::uint32: put(std::uint32_t{4294967295U}); break;
    case DType::uint64: put(std::uint64_t{18446744073709551614U}); break;
    case DType::float32: put(9.9692099683868690e+36f); break;
    default: put(9.9692099683868690e+36); break;
  }
  return fill;
}

array::StoredArrayPtr stored_array(const StoredFile& file, const Netcdf3Header& header,
                                   const Netcdf3Header::Variable& variable) {
  auto stored = std::make_shared<array::StoredArray>();
  stored->storage = variable.record ? array::Storage::records : array::Storage::contiguous;
  stored->path = file.path();
  stored->variable = variable.name;
  stored->dtype = variable.dtype;
  stored->big_endian = true;
  stored->shape = shape_of(header, variable);
  stored->chunk_shape = read_shape(stored->shape, size_of(variable.dtype));
  stored->fill = default_fill(variable.dtype);
  stored->offset = variable.begin;
  stored->record_stride = variable.record ? header.record_stride : 0;
  stored->file_size = file.size();
  stored->file_mtime_ns = file.mtime_ns();
  return stored;
}

/// All characters of the variable; the caller has checked that the file holds them.
std::vector<char> read_characters(const StoredFile& file, const Netcdf3Header& header,
                                  const Netcdf3Header::Variable& variable) {
  const std::uint64_t parts = variable.record ? header.record_count : 1;
  std::vector<char> characters(parts * variable.data_bytes);
  for (std::uint64_t part = 0; part < parts; ++part) {
    const std::span<char> out(characters.data() + part * variable.data_bytes, variable.data_bytes);
    file.read(variable.begin + part * header.record_stride, std::as_writable_bytes(out));
  }
  return characters;
}

void read_strings(const StoredFile& file, const Netcdf3Header& header, const Netcdf3Header::Variable& variable,
                  array::StoredVariable& out) {
  const std::uint64_t parts = variable.record ? header.record_count : 1;
  if (variable.data_bytes != 0 && parts > max_string_bytes / variable.data_bytes) {
    out.note = "more than 1 GiB of characters";
    return;
  }
  Shape shape = shape_of(header, variable);
  std::size_t length = 1;
  if (!shape.empty()) {
    length = static_cast<std::size_t>(shape.back());
    shape.pop_back();
    out.encoding.set("char_dim_name", out.dims.back());
    out.dims.pop_back();
  }
  std::vector<std::string> joined = join_characters(read_characters(file, header, variable), length);
  joined.resize(static_cast<std::size_t>(element_count(shape)));
  out.strings = NdArray::from_strings(std::move(joined), std::move(shape));
}

}  // namespace

bool looks_like_netcdf3(std::span<const std::byte> head) {
  if (head.size() < 4 || std::memcmp(head.data(), "CDF", 3) != 0) return false;
  const int version = std::to_integer<int>(head[3]);
  return version == 1 || version == 2 || version == 5;
}

array::Catalogue open_netcdf3(const std::string& path) {
  const StoredFile file(path);
  Netcdf3Header header = read_netcdf3_header(file);
  if (header.data_end > file.size())
    throw InputError("cannot read " + path + ": it is truncated: its header describes data up to byte " +
                     std::to_string(header.data_end) + ", the file ends at " + std::to_string(file.size()) +
                     "; copy it again");
  array::Catalogue catalogue;
  catalogue.path = path;
  catalogue.format = header.version == 1   ? "NetCDF-3 classic"
                     : header.version == 2 ? "NetCDF-3 64-bit offset"
                                           : "NetCDF-3 64-bit data";
  catalogue.attributes = std::move(header.attributes);
  std::vector<bool> character_dim(header.dims.size(), false), other_dim(header.dims.size(), false);
  for (const auto& variable : header.variables) {
    array::StoredVariable out;
    out.name = variable.name;
    for (const std::size_t id : variable.dims) out.dims.push_back(header.dims[id].name);
    out.attributes = variable.attributes;
    out.encoding.set("source", path);
    out.encoding.set("original_shape", NdArray::from(shape_of(header, variable)));
    out.encoding.set("dtype", variable.characters ? std::string("S1") : name_of(variable.dtype));
    for (std::size_t axis = 0; axis < variable.dims.size(); ++axis) {
      const bool joined = variable.characters && axis + 1 == variable.dims.size();
      (joined ? character_dim : other_dim)[variable.dims[axis]] = true;
    }
    if (variable.characters) read_strings(file, header, variable, out);
    else out.data = stored_array(file, header, variable);
    catalogue.variables.push_back(std::move(out));
  }
  for (std::size_t id = 0; id < header.dims.size(); ++id) {
    if (character_dim[id] && !other_dim[id]) continue;  // only the length of strings: gone with the joining
    const auto& dim = header.dims[id];
    catalogue.dims.push_back({dim.name, static_cast<std::int64_t>(dim.size), dim.record});
  }
  return catalogue;
}

}  // namespace rankine::store
