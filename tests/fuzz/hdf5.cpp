#include "store/hdf5/netcdf4_model.hpp"
#include "stored_files.hpp"

namespace {

using namespace rankine;

void read_variables(const store::Hdf5File& file, const store::Netcdf4Group& group, store::Reader& reader) {
  for (const auto& variable : group.variables) {
    if (!variable.note.empty() || !variable.dataset.type.is_numeric) continue;
    try {
      array::StoredArray stored;
      stored.path = file.path();
      stored.variable = variable.name;
      stored.dtype = variable.dataset.type.dtype;
      for (const auto* dim : variable.dims) stored.shape.push_back(static_cast<std::int64_t>(dim->size));
      stored.file_size = file.size();
      stored.file_mtime_ns = file.mtime_ns();
      // The library's own reader is not ours to fuzz.
      if (!store::describe_storage(file, variable.dataset, variable.address, stored).empty() ||
          stored.storage == array::Storage::library)
        continue;
      fuzz::read_edges(stored, reader);
    } catch (const Error&) {
    }
  }
  for (const auto& child : group.groups) read_variables(file, *child, reader);
}

}  // namespace

// An HDF5 file: the signature is kept. Metadata, chunk indexes and chunks, as far as our own code reads them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 9) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.replace(0, 8, "\211HDF\r\n\032\n");
  const auto path = fuzz::scratch_folder() / "fuzz.h5";
  fuzz::write_file(path, bytes.data(), bytes.size());
  try {
    const store::Hdf5File file(path.string());
    store::GlobalHeap heap(file);
    const store::Netcdf4Model model = store::read_netcdf4_model(file, heap);
    store::Reader reader;
    read_variables(file, *model.root, reader);
  } catch (const Error&) {
  } catch (const store::NeedsLibrary&) {
  }
  return 0;
}
