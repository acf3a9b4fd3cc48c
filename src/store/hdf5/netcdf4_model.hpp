#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/attributes.hpp"
#include "store/hdf5/hdf5_attributes.hpp"
#include "store/hdf5/hdf5_dataset.hpp"

namespace rankine::store {

/// What a file needs the library's own reading for: tables of shared messages.
struct NeedsLibrary {
  std::string reason;
};

struct Netcdf4Dim {
  int id = 0;
  std::string name;
  std::uint64_t size = 0;
  bool unlimited = false;
  std::uint64_t scale_address = UINT64_MAX;   ///< of the dimension scale; phony dims have none
};

struct Netcdf4Variable {
  std::string name;
  std::uint64_t address = 0;                  ///< of its object header
  Hdf5Dataset dataset;
  std::vector<const Netcdf4Dim*> dims;
  array::Attributes attributes;
  std::string note;                           ///< why it has no values
  // While the model is being built.
  std::uint64_t own_scale = UINT64_MAX;       ///< it is the coordinate variable of this scale
  std::vector<std::uint64_t> scales;          ///< of its dims, by address
  std::vector<std::int64_t> dim_ids;
};

struct Netcdf4Group {
  std::string name;                           ///< "" of the root
  std::string path;                           ///< "" of the root, else "a/b"
  Netcdf4Group* parent = nullptr;
  std::vector<std::unique_ptr<Netcdf4Dim>> dims;
  std::vector<Netcdf4Variable> variables;
  std::vector<std::unique_ptr<Netcdf4Group>> groups;
  array::Attributes attributes;
  // While the model is being built: the first dim of an address, of an id, and those of a size (doubled, odd
  // where they are unlimited), by position in `dims`.
  std::unordered_map<std::uint64_t, std::size_t> dim_of_scale;
  std::unordered_map<std::int64_t, std::size_t> dim_of_id;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> dims_of_size;
  void add_dim(std::unique_ptr<Netcdf4Dim> dim);
};

/// The NetCDF-4 data model that libnetcdf sees in an HDF5 file: dimension scales become dims, datasets variables,
/// dims without a scale get a phony one.
struct Netcdf4Model {
  std::unique_ptr<Netcdf4Group> root;
  bool written_by_netcdf = false;   ///< or with its conventions
  const Netcdf4Group* find(const std::string& path) const;
};

/// Throws InputError if the file is damaged, NeedsLibrary.
/// Source: "NetCDF-4 File Format", NetCDF Users Guide, appendix; "HDF5 Dimension Scale Specification".
Netcdf4Model read_netcdf4_model(const Hdf5File& file, GlobalHeap& heap);

}  // namespace rankine::store
