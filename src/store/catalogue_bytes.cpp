#include "store/catalogue_bytes.hpp"

#include "array/output_spec.hpp"

namespace rankine::store {

void write_to(ByteWriter& writer, const array::Catalogue& catalogue) {
  writer.put_string(catalogue.path);
  writer.put_string(catalogue.format);
  writer.put_count(catalogue.dims.size());
  for (const auto& dim : catalogue.dims) {
    writer.put_string(dim.name);
    writer.put(dim.size);
    writer.put(static_cast<std::uint8_t>(dim.unlimited));
  }
  array::write_to(writer, catalogue.attributes);
  writer.put_count(catalogue.groups.size());
  for (const auto& group : catalogue.groups) writer.put_string(group);
  writer.put_count(catalogue.variables.size());
  for (const auto& variable : catalogue.variables) {
    writer.put_string(variable.name);
    writer.put_count(variable.dims.size());
    for (const auto& dim : variable.dims) writer.put_string(dim);
    array::write_to(writer, variable.attributes);
    array::write_to(writer, variable.encoding);
    writer.put_string(variable.note);
    writer.put(static_cast<std::uint8_t>(variable.data != nullptr));
    if (variable.data != nullptr) array::write_to(writer, *variable.data);
    else variable.strings.write_to(writer);
  }
}

array::Catalogue read_catalogue(ByteReader& reader) {
  array::Catalogue catalogue;
  catalogue.path = reader.get_string();
  catalogue.format = reader.get_string();
  for (std::size_t n = reader.get_count(); n > 0; --n) {
    array::StoredDim dim;
    dim.name = reader.get_string();
    dim.size = reader.get<std::int64_t>();
    dim.unlimited = reader.get<std::uint8_t>() != 0;
    catalogue.dims.push_back(std::move(dim));
  }
  catalogue.attributes = array::read_attributes(reader);
  for (std::size_t n = reader.get_count(); n > 0; --n) catalogue.groups.push_back(reader.get_string());
  for (std::size_t n = reader.get_count(); n > 0; --n) {
    array::StoredVariable variable;
    variable.name = reader.get_string();
    for (std::size_t dims = reader.get_count(); dims > 0; --dims) variable.dims.push_back(reader.get_string());
    variable.attributes = array::read_attributes(reader);
    variable.encoding = array::read_attributes(reader);
    variable.note = reader.get_string();
    if (reader.get<std::uint8_t>() != 0) variable.data = array::read_stored_array(reader);
    else variable.strings = NdArray::read_from(reader);
    catalogue.variables.push_back(std::move(variable));
  }
  return catalogue;
}

}  // namespace rankine::store
