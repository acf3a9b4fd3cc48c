#include "store/opened_file.hpp"

#include <new>

#include "array/stored_array.hpp"
#include "store/catalogue_bytes.hpp"
#include "store/held_file.hpp"

namespace rankine::store {
namespace {

bool decides_meaning(const array::StoredVariable& variable, const OpeningBounds& bounds) {
  const bool along_itself = variable.dims.size() == 1 && variable.dims[0] == variable.name;
  std::uint64_t room = (along_itself ? bounds.coordinate_bytes : bounds.small_bytes) / size_of(variable.data->dtype);
  for (const std::int64_t extent : variable.data->shape) {
    if (extent == 0) return true;
    room /= static_cast<std::uint64_t>(extent);
  }
  return room > 0;
}

void learn(OpenedFile& file, const CatalogueOptions& options, const std::string& cache_folder, Reader& reader,
           const OpeningBounds& bounds) {
  const FileHold hold;
  IndexCache cache(cache_folder);
  file.catalogue = cache.open(file.path, options);
  std::int64_t chunks = 0;
  for (const auto& variable : file.catalogue.variables)
    if (variable.data != nullptr && variable.data->storage == array::Storage::chunked) chunks += array::chunk_count(*variable.data);
  for (std::size_t number = 0; number < file.catalogue.variables.size(); ++number) {
    const array::StoredVariable& variable = file.catalogue.variables[number];
    if (variable.data == nullptr) continue;
    array::StoredArray& array = *variable.data;
    const bool wanted = decides_meaning(variable, bounds);
    try {
      if (array.storage == array::Storage::chunked && (wanted || chunks <= bounds.indexed_chunks)) load_chunk_index(array);
      if (wanted) file.values.emplace_back(static_cast<std::uint32_t>(number), reader.read(array, Box::whole(array.shape)));
    } catch (const InputError&) {
      // Nobody may ever ask for this variable; who does is told then.
    }
  }
  cache.save();
  const auto& variables = file.catalogue.variables;
  for (const auto& variable : variables)
    if (variable.data != nullptr && variable.data->file_size != 0 && variable.data->storage != array::Storage::zarr_files)
      file.stamp = {variable.data->file_size, variable.data->file_mtime_ns};
}

}  // namespace

OpenedFile learn_file(const std::string& path, const CatalogueOptions& options, const std::string& cache_folder,
                      Reader& reader, const OpeningBounds& bounds) {
  OpenedFile file;
  file.path = path;
  try {
    learn(file, options, cache_folder, reader, bounds);
  } catch (const Error& error) {
    file.error = error.what();
    file.code = error.code();
  } catch (const std::bad_alloc&) {
    file.error = "cannot open " + path + ": no memory for its metadata";
    file.code = ExitCode::resources;
  } catch (const std::exception& error) {
    file.error = "cannot open " + path + ": " + error.what();
    file.code = ExitCode::internal;
  }
  if (!file.error.empty()) {
    file.catalogue = {};
    file.values.clear();
  }
  return file;
}

void write_to(ByteWriter& writer, const OpenedFile& file) {
  writer.put_string(file.path);
  writer.put(file.stamp.size);
  writer.put(file.stamp.mtime_ns);
  write_to(writer, file.catalogue);
  writer.put_count(file.values.size());
  for (const auto& [number, values] : file.values) {
    writer.put(number);
    values.write_to(writer);
  }
  writer.put_string(file.error);
  writer.put(static_cast<std::uint32_t>(file.code));
}

OpenedFile read_opened_file(ByteReader& reader) {
  OpenedFile file;
  file.path = reader.get_string();
  file.stamp.size = reader.get<std::uint64_t>();
  file.stamp.mtime_ns = reader.get<std::int64_t>();
  file.catalogue = read_catalogue(reader);
  for (std::size_t count = reader.get_count(sizeof(std::uint32_t)); count > 0; --count) {
    const auto number = reader.get<std::uint32_t>();
    if (number >= file.catalogue.variables.size()) throw DecodeError("malformed frame: values of no variable");
    file.values.emplace_back(number, NdArray::read_from(reader));
  }
  file.error = reader.get_string();
  file.code = static_cast<ExitCode>(reader.get<std::uint32_t>());
  return file;
}

}  // namespace rankine::store
